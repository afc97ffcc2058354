"""From the notebook with the answers to the one that students get.

The build makes `assignments/` of it, and nbgrader a course's release (see `autograder.course`).
"""

import ast
import re

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.preprocessors import ClearSolutions
from vikit.notebook.cells import TEXT_STUB, UNTOUCHED, digest_text

from . import script

__all__ = ["clear_notebook", "is_answer", "is_check", "is_demonstration"]

STUB = re.compile(r'(raise NotImplementedError\("write )\w+("\))')


def clear_notebook(notebook: NotebookNode) -> NotebookNode:
    """Returns the notebook as students get it, changed in place.

    Answers are replaced by stubs, demonstrations and all outputs are gone, and answers and locked
    cells have nbgrader's checksums.
    """
    notebook.cells = [clear_cell(node) for node in notebook.cells if not is_demonstration(node)]
    return notebook


def clear_cell(node: NotebookNode) -> NotebookNode:
    """Returns a cell as a student finds it, changed in place.

    Raises:
        ScriptError: If a solution stands in a cell of no question: students would read it.
    """
    if not is_answer(node) and script.BEGIN in node.source:
        raise script.ScriptError(
            f"a solution stands in a cell that has no question: {node.source.splitlines()[0]!r}"
        )
    if node.cell_type == "code":
        node.outputs, node.execution_count = [], None
    if is_answer(node):
        clear_answer(node)
    elif "experiment" in node.metadata.get("tags", ()):
        # Jupyter's own tag: "Run All" goes on after a figure of a function that is not written yet.
        node.metadata["tags"] = ["experiment", "raises-exception"]
    if is_answer(node) or (utils.is_locked(node) and not is_check(node)):
        node.metadata["nbgrader"]["checksum"] = utils.compute_checksum(node)
    return node


def is_check(node: NotebookNode) -> bool:
    """Tells whether a cell checks an answer.

    It has no checksum: a student may ask it for a hint, and nbgrader's Validate would speak of that
    change alone, and of no answer.
    """
    return bool(node.cell_type == "code" and utils.is_grade(node) and not utils.is_solution(node))


def is_answer(node: NotebookNode) -> bool:
    """Tells whether a cell holds the answer to a question, in code or in words."""
    return bool(utils.is_solution(node))


def is_demonstration(node: NotebookNode) -> bool:
    """Tells whether students do not get a cell at all."""
    return "solution" in node.metadata.get("tags", ())


def clear_answer(node: NotebookNode) -> None:
    """Replaces the solution regions of a cell by stubs."""
    question = node.metadata["nbgrader"]["grade_id"].removesuffix("-answer")
    clear = ClearSolutions(
        code_stub={"python": f'raise NotImplementedError("write {question}")'},
        text_stub=TEXT_STUB,
    )
    if node.cell_type == "code":
        node.source = script.remove_helpers(node.source)
    else:
        node.metadata[UNTOUCHED] = digest_text(script.REGION.sub("", node.source))
    clear.preprocess_cell(node, {"language": "python"}, 0)
    if node.cell_type == "code":
        node.source = name_stubs(node.source)


def name_stubs(source: str) -> str:
    """Returns the source of an answer's cell; each stub asks for the function or class it is in.

    A cell may hold a helper beside what the question is named after.
    """
    lines = source.split("\n")
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            for index in range(node.lineno - 1, node.end_lineno or 0):
                lines[index] = STUB.sub(rf"\g<1>{node.name}\g<2>", lines[index])
    return "\n".join(lines)
