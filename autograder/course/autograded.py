"""The notebook that nbgrader keeps of a submission: the student's cells, with the kit's scores.

Whatever became of a notebook on its way, each cell that was released stands in it once, and nothing
that the student wrote is lost.
"""

import ast
from copy import deepcopy
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell
from nbgrader import utils
from vikit import judging
from vikit.notebook import cells

from autograder.grading.notebook import TextCell, grade_id, strip_lines

__all__ = ["autograded_notebook", "automatic_score"]

MISSING = "This cell was missing in what was handed in."


def autograded_notebook(
    submitted: list[TextCell], released: NotebookNode, verdict: dict[str, Any]
) -> NotebookNode:
    """Returns the notebook that nbgrader's gradebook and pages are about.

    Args:
        submitted: The cells that were handed in.
        released: The notebook as it was released.
        verdict: The verdict on the submission, as `grading.verdict` builds it.
    """
    marked = {grade_id(cell): cell for cell in released.cells if grade_id(cell)}
    claimed = find_claims(submitted, marked)
    nodes = []
    for index, cell in enumerate(submitted):
        name = claimed.get(index)
        nodes += [plain_node(cell)] if name is None else restored_nodes(cell, marked[name])
    put_missing(nodes, marked, has_own_text(nodes, released))
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


def find_claims(submitted: list[TextCell], marked: dict[str, NotebookNode]) -> dict[int, str]:
    """Returns a dict from the index of a submitted cell to the id of the released cell that it is.

    A cell goes by its id, or, if it has none, by what it defines or says. Of several the likeliest
    counts.
    """
    claimed: dict[int, str] = {}
    defined = [cells.find_definitions(cell.source) for cell in submitted]
    for name, released in marked.items():
        candidates = [
            index
            for index, cell in enumerate(submitted)
            if index not in claimed
            and (grade_id(cell) == name or is_without_id(cell, released, defined[index]))
        ]
        if candidates:
            best = max(
                candidates,
                key=lambda index: likeness(submitted[index], released, defined[index], index),
            )
            claimed[best] = name
    return claimed


def likeness(cell: TextCell, released: NotebookNode, defined: cells.Definitions, index) -> tuple:
    """Returns what is largest for the cell that counts, of several that may be a released one."""
    question = grade_id(released).removesuffix("-answer")
    return (
        question in defined.functions,
        cell.kind == released.cell_type,
        question not in defined.stubs,
        strip_lines(cell.source) != strip_lines(released.source),
        # When the notebook runs the last definition stands.
        index,
    )


def is_without_id(cell: TextCell, released: NotebookNode, defined: cells.Definitions) -> bool:
    """Tells whether a submitted cell is a released one that has lost its id."""
    name = grade_id(released)
    if grade_id(cell):
        return False
    if not utils.is_solution(released):
        return strip_lines(cell.source) == strip_lines(released.source)
    if released.cell_type == "code":
        return name.removesuffix("-answer") in defined.names
    return f"(`{name}`, " in cell.source


def restored_nodes(cell: TextCell, released: NotebookNode) -> list[NotebookNode]:
    """Returns a released cell as the student left it; a locked one as it was released.

    What the student wrote into a locked cell comes behind it, by itself.
    """
    node = deepcopy(released)
    if utils.is_solution(released):
        node.source = as_text(cell.source)
        return [node]
    changed = strip_lines(cell.source) != strip_lines(released.source)
    is_lost = changed and cell.source.strip() and not is_check(cell.source)
    return [node, plain_node(cell)] if is_lost else [node]


def is_check(source: str) -> bool:
    """Tells whether a cell only asks for a check, with a hint perhaps."""
    tree = cells.parse(source)
    body = tree.body if tree else []
    return len(body) == 1 and (
        isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Call)
        and ast.unparse(body[0].value.func) in ("check", "check_all")
    )


def plain_node(cell: TextCell) -> NotebookNode:
    """Returns a cell of the student's own."""
    make = {"code": new_code_cell, "markdown": new_markdown_cell}.get(
        cell.kind if isinstance(cell.kind, str) else "", new_raw_cell
    )
    return make(as_text(cell.source))


def as_text(source: str) -> str:
    """Returns a source that can be written: a lone surrogate is shown by its number."""
    return source.encode("utf-8", "backslashreplace").decode("utf-8")


def has_own_text(nodes: list[NotebookNode], released: NotebookNode) -> bool:
    """Tells whether the student has written text into cells that were not released."""
    known = {strip_lines(cell.source) for cell in released.cells}
    return any(
        node.cell_type != "code" and not grade_id(node) and strip_lines(node.source) not in known
        for node in nodes
    )


def put_missing(
    nodes: list[NotebookNode], marked: dict[str, NotebookNode], has_own_text: bool
) -> None:
    """Puts each released cell that is not among `nodes` behind the one released before it.

    A written answer that is missing is none, and has no points; but where the student has written
    elsewhere a person looks at it.
    """
    before = None
    for name, released in marked.items():
        places = {grade_id(node): index for index, node in enumerate(nodes) if grade_id(node)}
        if name not in places:
            node = deepcopy(released)
            if utils.is_solution(node) and node.cell_type == "code":
                node.source = f"# {MISSING}"
            elif utils.is_solution(node) and has_own_text:
                node.source = f"*{MISSING}*"
            nodes.insert(0 if before is None else places[before] + 1, node)
        before = name


def outputs_of(question: dict[str, Any] | None, points: float) -> list[NotebookNode]:
    """Returns what a check's cell of so many points shows: the verdict, and the score of them.

    There is no score, so that a person gives it, where the kit failed on the question, and where an
    instructor's cell asks what the kit does not know (None).
    """
    if question is None:
        return []
    said = [f"{question['name']}: {question['status']}", question["message"], question["repair"]]
    shown = [new_output("stream", name="stdout", text="\n".join(filter(None, said)) + "\n")]
    score = automatic_score(question, points)
    if score is not None:
        shown.append(new_output("execute_result", data={"text/plain": repr(score)}))
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
