"""A solution script as cells: percent text with two kinds of cell marker.

Both are refused where they make no sense.

    # %% question="name"                    the answer to a question that the assignment declares
    # %% [markdown] question="name"         a question answered in words, graded by hand
    # %% tags=["experiment"]                trains or plots, holds no answer;
                                            stands under `if __name__ == "__main__":`
    # %% tags=["experiment", "solution"]    one that runs with the solutions only: it takes long,
                                            or shows an answer's numbers

In a question's cell the answer stands between the lines `# BEGIN SOLUTION` and `# END SOLUTION` (in
Markdown the same words in an HTML comment).
"""

import ast
import re
import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jupytext

from autograder import places

__all__ = [
    "BEGIN",
    "REGION",
    "REPOSITORY",
    "SOLUTIONS",
    "ScriptCell",
    "ScriptError",
    "check_questions",
    "outside_regions",
    "read",
    "remove_helpers",
    "remove_markers",
]

REPOSITORY, SOLUTIONS = places.CHECKOUT, places.SOLUTIONS
GUARD = 'if __name__ == "__main__":\n'
BEGIN, END = "BEGIN SOLUTION", "END SOLUTION"
REGION = re.compile(rf"^[^\n]*{BEGIN}[^\n]*\n(.*?)^[^\n]*{END}[^\n]*$", re.MULTILINE | re.DOTALL)


class ScriptError(places.FaultyFile):
    """A solution script that the build refuses."""


@dataclass(frozen=True)
class ScriptCell:
    """A cell of a solution script.

    `kind` is `"text"`, `"code"`, `"experiment"`, `"demonstration"` (an experiment of the
    solutions), `"answer"` or `"manual"`.
    """

    kind: str
    source: str
    question: str = ""

    @property
    def is_markdown(self) -> bool:
        return self.kind in ("text", "manual")


def read(path: Path) -> list[ScriptCell]:
    """Returns the cells of the solution script at `path`.

    Raises:
        ScriptError: If a marker is unknown, misplaced or unbalanced.
    """
    return list(parse(path.name, path.read_text(encoding="utf-8")))


@cache
def parse(name: str, text: str) -> tuple[ScriptCell, ...]:
    """Returns the cells of a script's text, which is parsed once; raises as `read`."""
    notebook = jupytext.reads(text, fmt="py:percent")
    return tuple(
        read_cell(cell, f"{name}, cell {number}")
        for number, cell in enumerate(notebook.cells, start=1)
    )


def read_cell(cell, label: str) -> ScriptCell:
    question, tags = read_markers(cell, label)
    check_regions(cell, label, question, tags)
    if question is not None:
        return ScriptCell(
            "manual" if cell.cell_type == "markdown" else "answer", cell.source, question
        )
    if cell.cell_type == "markdown":
        return ScriptCell("text", cell.source)
    if not tags:
        return ScriptCell("code", cell.source)
    return ScriptCell(
        "demonstration" if "solution" in tags else "experiment", remove_guard(cell.source, label)
    )


def read_markers(cell, label: str) -> tuple[str | None, list[str]]:
    """Returns the question and the tags in a cell's marker; raises `ScriptError` on any other."""
    # jupytext notes blank lines here, to write them back.
    metadata = {key: value for key, value in cell.metadata.items() if key != "lines_to_next_cell"}
    question, tags = metadata.pop("question", None), metadata.pop("tags", [])
    known = {"experiment", "solution"} if "experiment" in tags else {"experiment"}
    if metadata or not set(tags) <= known or cell.cell_type not in ("code", "markdown"):
        unknown = ", ".join([*metadata, *sorted(set(tags) - known)]) or cell.cell_type
        raise ScriptError(
            f'{label}: unknown marker {unknown}; there are question="...", tags=["experiment"] and '
            'tags=["experiment", "solution"]'
        )
    return question, tags


def check_regions(cell, label: str, question: str | None, tags: list[str]) -> None:
    """Raises `ScriptError` unless solutions stand in a question's cell alone, one for each."""
    begins, ends, regions = (len(re.findall(what, cell.source)) for what in (BEGIN, END, REGION))
    if not begins == ends == regions:
        raise ScriptError(f"{label}: {BEGIN} and {END} do not pair up")
    if question is None and regions:
        raise ScriptError(f"{label}: a solution stands in a cell that has no question")
    # A class has one for each method.
    few = regions == 1 or (regions and cell.cell_type == "code")
    if question is not None and (not few or tags):
        raise ScriptError(
            f"{label}: the cell of question {question!r} needs one solution region and no tag"
        )


def remove_guard(source: str, label: str) -> str:
    """Returns an experiment's code without the guard that stops it when a script is imported."""
    if not source.startswith(GUARD):
        raise ScriptError(f"{label}: an experiment must stand under {GUARD.strip()}")
    tree = ast.parse(source)
    if len(tree.body) != 1:
        raise ScriptError(f"{label}: all of an experiment must stand under {GUARD.strip()}")
    return textwrap.dedent(source.removeprefix(GUARD)).strip()


def regions(cell) -> list[str]:
    """Returns the text of the solution regions of `cell`."""
    return REGION.findall(cell.source)


def outside_regions(source: str, change, *arguments) -> str:
    """Returns a cell's text with all that is in no solution region changed.

    Args:
        source: The text.
        change: From a text, and `arguments`, to another.
        arguments: What `change` takes besides.
    """
    parts, begin = [], 0
    for found in REGION.finditer(source):
        parts += [change(source[begin : found.start()], *arguments), found[0]]
        begin = found.end()
    return "".join([*parts, change(source[begin:], *arguments)])


def remove_markers(source: str) -> str:
    """Returns `source` with the solution in place and the lines that mark it gone."""
    return "\n".join(line for line in source.split("\n") if BEGIN not in line and END not in line)


def remove_helpers(source: str) -> str:
    """Returns `source` without the solution regions in no function: a stub there would run."""
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]

    def kept(region) -> str:
        # A syntax tree knows nothing of comments, but of the line below the mark.
        line = source[: region.start(1)].count("\n") + 1
        return (
            region[0]
            if any(node.lineno < line <= (node.end_lineno or 0) for node in functions)
            else ""
        )

    left = re.sub(r"\n{3,}(?= )", "\n\n", REGION.sub(kept, source)).rstrip()
    return re.sub(r"\n{4,}", "\n\n\n", left)


def check_questions(cells: list[ScriptCell], assignment) -> None:
    """Raises ScriptError unless the script's questions are the assignment's, each once."""
    solution, folder = f"solutions/{assignment.name}.py", f"autograder/tasks/{assignment.name}"
    for kind, wanted in (("answer", assignment.questions), ("manual", assignment.manual)):
        named = [cell.question for cell in cells if cell.kind == kind]
        declared = [question.name for question in wanted]
        for name in named:
            if name not in declared:
                raise ScriptError(
                    f"{solution} answers {name!r}, which is no question: "
                    f"list it in {folder}/__init__.py"
                )
            if named.count(name) > 1:
                raise ScriptError(f"{solution} has two cells for the question {name!r}: keep one")
        for name in declared:
            if name not in named:
                raise ScriptError(
                    f"{solution} has no cell for the question {name!r}: add one below `# %% "
                    f'question="{name}"`'
                )
    for cell in cells:
        if cell.kind == "answer":
            check_signature(cell)


def check_signature(cell) -> None:
    tree = ast.parse(cell.source)
    if cell.question not in [
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)
    ]:
        raise ScriptError(f"the cell of question {cell.question!r} does not define it")
