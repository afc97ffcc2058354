"""The notebook that nbgrader keeps of a submission: the student's cells, with the kit's scores.

Whatever became of a notebook on its way, each cell that was released stands in it once, and nothing
that the student wrote is lost.
"""

import ast
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from nbformat import NotebookNode
from nbgrader import utils
from vikit import judging
from vikit.notebook import cells

from autograder.grading.notebook import TextCell, first_definition, grade_id, strip_lines

from .rubrics import rubric_cell

__all__ = ["MISSING", "autograded_notebook", "automatic_score", "is_text"]

MISSING = "This cell was missing in what was handed in."
QUOTES = ('"', "'")


def autograded_notebook(
    submitted: list[TextCell],
    released: NotebookNode,
    verdict: dict[str, Any],
    rubrics: Mapping[str, str] = MappingProxyType({}),
) -> NotebookNode:
    """Returns the notebook that nbgrader's gradebook and pages are about.

    Args:
        submitted: The cells that were handed in.
        released: The notebook as it was released.
        verdict: The verdict on the submission, as `grading.verdict` builds it.
        rubrics: What stands behind each answer in words, by its id, for those who grade it.
    """
    marked = {grade_id(cell): cell for cell in released.cells if grade_id(cell)}
    claimed = find_claims(submitted, marked)
    nodes = []
    for index, cell in enumerate(submitted):
        name = claimed.get(index)
        nodes += [plain_node(cell)] if name is None else restored_nodes(cell, marked[name])
    if has_own_text(nodes, released):
        leave_to_a_person(nodes)
        put_missing(nodes, marked, is_elsewhere=True)
    else:
        put_missing(nodes, marked)
    nodes = [one for node in nodes for one in (node, *rubric_cell(grade_id(node), rubrics))]
    questions = {question["name"]: question for question in verdict["questions"]}
    for number, node in enumerate(nodes):
        # Ids may be anything, or the same twice.
        node["id"] = f"cell-{number}"
        if node.cell_type == "code" and utils.is_grade(node):
            points = node.metadata.nbgrader.points
            node.outputs = outputs_of(questions.get(grade_id(node)), points)
    notebook = deepcopy(released)
    notebook.cells = nodes
    return notebook


@dataclass(frozen=True)
class Candidate:
    """A submitted cell that may be a released one.

    Attributes:
        cell: The cell.
        index: Its place.
        id: Its id, or "".
        defined: What it defines.
        text: Its source without spaces at the ends of lines.
    """

    cell: TextCell
    index: int
    id: str
    defined: cells.Definitions
    text: str


def find_claims(submitted: list[TextCell], marked: dict[str, NotebookNode]) -> dict[int, str]:
    """Returns a dict from the index of a submitted cell to the id of the released cell that it is.

    A cell goes by its id, or, if it has none, by what it defines or says. Of several the likeliest
    counts.
    """
    candidates = [
        Candidate(
            cell,
            index,
            grade_id(cell),
            definitions_in(cell),
            strip_lines(cell.source),
        )
        for index, cell in enumerate(submitted)
    ]
    claimed: dict[int, str] = {}
    for name, released in marked.items():
        text = strip_lines(released.source)
        likely = [
            one
            for one in candidates
            if one.index not in claimed
            and (one.id == name or (not one.id and is_without_id(one, released, name, text)))
        ]
        if likely:
            best = max(likely, key=lambda one: likeness(one, released, name, text))
            claimed[best.index] = name
    return claimed


def definitions_in(cell: TextCell) -> cells.Definitions:
    """Returns what a cell defines; of text, which is never parsed, what its first lines say."""
    if cell.kind == "code":
        return cells.find_definitions(cell.source)
    name = first_definition(cell.source)
    return cells.Definitions(frozenset({name}), (name,)) if name else cells.Definitions(frozenset())


def likeness(one: Candidate, released: NotebookNode, name: str, text: str) -> tuple:
    """Returns what is largest for the cell that counts, of several that may be a released one.

    Args:
        one: The submitted cell.
        released: The released one.
        name: Its id.
        text: Its source without spaces at the ends of lines.
    """
    question = name.removesuffix("-answer")
    return (
        question in one.defined.functions,
        # Of code the last definition stands, of text what has the id.
        released.cell_type == "markdown" and one.id == name,
        one.cell.kind == released.cell_type,
        question not in one.defined.stubs,
        one.text != text,
        one.index,
    )


def is_without_id(one: Candidate, released: NotebookNode, name: str, text: str) -> bool:
    """Tells whether a cell is a released one that has lost its id; arguments as of `likeness`."""
    if not utils.is_solution(released):
        return one.text == text
    if released.cell_type == "code":
        return name.removesuffix("-answer") in one.defined.names
    return f"(`{name}`, " in one.cell.source


def restored_nodes(cell: TextCell, released: NotebookNode) -> list[NotebookNode]:
    """Returns a released cell as the student left it; a locked one as it was released.

    What the student wrote into a locked cell comes behind it, by itself.
    """
    node = deepcopy(released)
    if utils.is_solution(released):
        node.source = as_text(cell.source)
        if node.cell_type == "markdown" and is_untouched(cell, released):
            # By its checksum nbgrader knows what is no answer.
            node.metadata.nbgrader.checksum = utils.compute_checksum(node)
        return [node]
    changed = strip_lines(cell.source) != strip_lines(released.source)
    is_lost = (
        changed and cell.source.strip() and not (cell.kind == "code" and is_check(cell.source))
    )
    return [node, plain_node(cell)] if is_lost else [node]


def is_untouched(cell: TextCell, released: NotebookNode) -> bool:
    """Tells whether a written answer is what students got: in this release, or in an earlier one.

    A table counts as untouched only where it is the released one.
    """
    known = {line.strip() for line in released.source.split("\n")}
    tables = [line.strip() for line in cell.source.split("\n") if line.lstrip().startswith("|")]
    text = cells.digest_text(cell.source)
    return known.issuperset(tables) and text in (
        cells.digest_text(released.source),
        cell.metadata.get(cells.UNTOUCHED),
    )


def is_check(source: str) -> bool:
    """Tells whether a cell only asks for a check, with a hint perhaps."""
    tree = cells.parse(source)
    body = tree.body if tree else []
    return len(body) == 1 and (
        isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Call)
        and isinstance(body[0].value.func, ast.Name)
        and body[0].value.func.id in ("check", "check_all")
    )


def plain_node(cell: TextCell) -> NotebookNode:
    """Returns a cell of the student's own."""
    kind = cell.kind if cell.kind in ("code", "markdown") else "raw"
    # nbformat's own functions would validate each.
    node = NotebookNode(cell_type=kind, metadata=NotebookNode(), source=as_text(cell.source))
    if kind == "code":
        node.update(execution_count=None, outputs=[])
    if kind == "raw":
        # Else it would be HTML in the page of whoever grades.
        node.metadata.raw_mimetype = "text/plain"
    return node


def as_text(source: str) -> str:
    """Returns a source that can be written: a lone surrogate is shown by its number."""
    return source.encode("utf-8", "backslashreplace").decode("utf-8")


def has_own_text(nodes: list[NotebookNode], released: NotebookNode) -> bool:
    """Tells whether the student has written text into cells that were not released."""
    known = {strip_lines(cell.source) for cell in released.cells}
    return any(
        not grade_id(node) and is_text(node) and strip_lines(node.source) not in known
        for node in nodes
    )


def is_text(node: NotebookNode) -> bool:
    """Tells whether a cell says something and computes nothing: comments alone are text too."""
    if node.cell_type != "code":
        return bool(node.source.strip())
    lines = [line.strip() for line in node.source.split("\n") if line.strip()]
    if lines and all(line.startswith("#") for line in lines):
        return True
    tree = cells.parse(node.source) if node.source.lstrip("rRuUbBfF").startswith(QUOTES) else None
    return bool(tree and tree.body) and all(map(is_string, tree.body if tree else ()))


def is_string(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and (
        isinstance(statement.value, ast.JoinedStr)
        or (isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str))
    )


def leave_to_a_person(nodes: list[NotebookNode]) -> None:
    """Takes the checksums of written answers out, by which nbgrader gives 0 to what is untouched.

    The answer may stand in a cell of the student's own.
    """
    for node in nodes:
        if node.cell_type == "markdown" and utils.is_solution(node):
            node.metadata.nbgrader.pop("checksum", None)


def put_missing(
    nodes: list[NotebookNode], marked: dict[str, NotebookNode], is_elsewhere=False
) -> None:
    """Puts each released cell that is not among `nodes` behind the one released before it.

    A written answer that is missing is none, and has no points; but where it may stand elsewhere
    (`is_elsewhere`) a person looks at it.
    """
    before, there = None, {grade_id(node) for node in nodes}
    for name, released in marked.items():
        if name not in there:
            node = deepcopy(released)
            if utils.is_solution(node) and node.cell_type == "code":
                node.source = f"# {MISSING}"
            elif utils.is_solution(node) and is_elsewhere:
                node.source = f"*{MISSING}*"
            names = [grade_id(node) for node in nodes]
            nodes.insert(0 if before is None else names.index(before) + 1, node)
        before = name


def outputs_of(question: dict[str, Any] | None, points: float) -> list[NotebookNode]:
    """Returns what a check's cell of so many points shows: the verdict, and the score of them.

    There is no score, so that a person gives it, where the kit failed on the question, and where an
    instructor's cell asks what the kit does not know (None).
    """
    if question is None:
        return []
    said = [f"{question['name']}: {question['status']}", question["message"], question["repair"]]
    text = "\n".join(filter(None, said)) + "\n"
    shown = [NotebookNode(output_type="stream", name="stdout", text=text)]
    score = automatic_score(question, points)
    if score is not None:
        shown.append(
            NotebookNode(
                output_type="execute_result",
                data=NotebookNode({"text/plain": repr(score)}),
                execution_count=None,
                metadata=NotebookNode(),
            )
        )
    return shown


def automatic_score(question: dict[str, Any], points: float) -> float | None:
    """Returns the score of a question in a verdict; None where the kit failed on it.

    Args:
        question: What the verdict says of it.
        points: How many the released notebook gives for it: an instructor may have changed them.
    """
    if question["status"] == judging.KIT_ERROR:
        return None
    share = question["score"] / question["max_score"] if question["max_score"] else 0.0
    return min(round(share * points, 4), float(points))
