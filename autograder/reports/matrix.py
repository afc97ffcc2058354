"""The kill matrix as a table in the terminal and as a page."""

from rich import box
from rich.columns import Columns
from rich.console import Group
from rich.table import Table
from rich.text import Text

from . import pages

__all__ = ["build_page", "build_table", "mark"]


def build_table(matrix) -> Group:
    """Returns the listed mistakes of a `tasks.matrix.Matrix` by numbered cases, as a table.

    A case refuses a mistake always, at times or never.
    """
    made = Table(box=box.SIMPLE_HEAD, header_style="bold", padding=(0, 1, 0, 0), pad_edge=False)
    for number in range(1, len(matrix.cases) + 1):
        made.add_column(str(number), justify="center", no_wrap=True)
    made.add_column("mistake", overflow="fold")
    for name, row in zip(matrix.mistakes[: matrix.listed], matrix.kills, strict=False):
        made.add_row(*(mark(share) for share in row), name)
    cases = [Text(f"{number} {case}") for number, case in enumerate(matrix.cases, 1)]
    transformations = len(matrix.mistakes) - matrix.listed
    return Group(
        Text(f"{matrix.question}: cases that refuse each mistake", "bold"),
        made,
        Columns(cases, padding=(0, 2), column_first=True),
        Text(
            f"and {transformations} transformations; {len(matrix.alike)} of {matrix.pairs} pairs "
            "are alike by structure"
        ),
        *(Text(f"terms: {describe_terms(counts)}") for counts in matrix.terms),
        "",
    )


def describe_terms(counts) -> str:
    """Returns a `tasks.term_table.TermCounts` in words."""
    name = f"{counts.output}, " if counts.output else ""
    if counts.reason:
        return f"{name}{counts.reason}"
    return (
        f"{name}{counts.terms} right and {counts.others} others, {counts.columns} columns of rank "
        f"{counts.rank} in {counts.equations} equations"
    )


def mark(share) -> str:
    return "●" if share == 1 else "·" if share == 0 else f"{100 * share:.0f} %"


def build_page(assignment, matrices, formulas=None) -> str:
    """Returns an assignment's page of matrices, transformations and look-alikes too, as HTML.

    Args:
        assignment: Name of the assignment.
        matrices: The `tasks.matrix.Matrix` of each question.
        formulas: By question, what its notebook says of it in formulas.
    """
    return pages.template("matrix").render(
        assignment=assignment, matrices=matrices, formulas=formulas or {}, mark=mark
    )
