"""The kill matrix as a table in the terminal and as a page."""

from functools import cache

from jinja2 import Environment, PackageLoader
from rich.table import Table


def table(matrix):
    """Returns the listed mistakes of a `tasks.matrix.Matrix` by cases: always refused, for some students, never."""
    made = Table(title=f"{matrix.question}: cases that refuse each mistake", title_justify="left", pad_edge=False)
    made.add_column("mistake", no_wrap=True)
    for case in matrix.cases:
        made.add_column(case, max_width=13, justify="center")
    for name, row in zip(matrix.mistakes[: matrix.listed], matrix.kills, strict=False):
        made.add_row(name, *(mark(share) for share in row))
    closures = len(matrix.mistakes) - matrix.listed
    made.caption = f"and {closures} closures; {len(matrix.alike)} of {matrix.pairs} pairs are alike by structure"
    return made


def mark(share):
    return "●" if share == 1 else "·" if share == 0 else f"{100 * share:.0f} %"


@cache
def template():
    return Environment(loader=PackageLoader("autograder.reports", "."), autoescape=True).get_template("matrix.html.j2")


def page(assignment, matrices):
    """Returns the page of all matrices of an assignment, closures and look-alikes included, as HTML text."""
    return template().render(assignment=assignment, matrices=matrices, mark=mark)
