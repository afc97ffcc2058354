"""The notebooks made from a solution script: the students' one, and the one with answers."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.preprocessors import ClearSolutions
from vikit.notebook.cells import TEXT_STUB, UNTOUCHED, digest_text
from vikit.protocol import public_cases

from autograder import tasks
from autograder.places import ASSIGNMENTS

from . import errata, script, settled

__all__ = ["ASSIGNMENTS", "release", "solution_notebook", "write_assignments"]

STUB = re.compile(r'(raise NotImplementedError\("write )\w+("\))')
SETUP_ID = "setup"
SETUP = Path(__file__).with_name("first_cell.py")
HANDING_IN = """\
## Handing in

`check_all()` checks every question and adds up the points so far. Save the notebook, then call
`submit()`: it writes one zip next to the notebook. Hand in that file.

Grading runs your notebook from the top in a fresh Python process, then calls your functions with
inputs of its own. A cell may take 60 s, a question 10 s{}, all cells together 10 minutes, and a
cell may print 1 MiB. Cells that only train or plot are not run, except for the functions, classes
and imports in them. An error in one cell does not stop the others."""


def release(name: str) -> dict[str, bytes]:
    """Returns the released files of assignment `name` as a dict from file name to bytes.

    Where the public cases that stand in `assignments/` say the same they are taken: a build on
    another processor changes nothing.

    Raises:
        ScriptError: If script and questions do not belong together.
    """
    assignment = tasks.load(name)
    cells = script.read(script.SOLUTIONS / f"{name}.py")
    script.check_questions(cells, assignment)
    notebook = nbformat.writes(student_notebook(assignment, cells)) + "\n"
    public = public_cases.dump(
        name,
        tasks.public_questions(assignment),
        {question.name: question.points for question in assignment.manual},
    )
    stands = ASSIGNMENTS / name / public_cases.FILE_NAME
    if stands.is_file():
        public = settled.settle(public, stands.read_text(encoding="utf-8"))
    return {f"{name}.ipynb": notebook.encode(), public_cases.FILE_NAME: public.encode()}


def student_notebook(assignment: tasks.Assignment, cells: list[script.ScriptCell]) -> NotebookNode:
    """Returns the students' notebook: answers cleared, checks added, no demonstrations."""
    numbers = errata.number_for_students(errata.read())
    shown = [
        replace(cell, source=script.outside_regions(cell.source, errata.translate, numbers))
        for cell in cells
        if cell.kind != "demonstration"
    ]
    return build_notebook(assignment, shown, lambda cell, node: clear_answer(cell, node))


def solution_notebook(assignment: tasks.Assignment, cells: list[script.ScriptCell]) -> NotebookNode:
    """Returns the same notebook with the answers in."""

    def answered(cell: script.ScriptCell, node: NotebookNode) -> NotebookNode:
        node.source = script.remove_markers(cell.source)
        return node

    return build_notebook(assignment, cells, answered)


def build_notebook(
    assignment: tasks.Assignment, cells: list[script.ScriptCell], finish
) -> NotebookNode:
    """Returns a notebook of these cells.

    Args:
        assignment: The `Assignment`.
        cells: The `ScriptCell`s to show.
        finish: From an answer's or an experiment's cell and its node to the node as it stands in
            the notebook.
    """
    points = {
        question.name: question.points for question in (*assignment.questions, *assignment.manual)
    }
    nodes = [fold(mark_locked(new_code_cell(first_cell(assignment.name)), SETUP_ID))]
    if cells and cells[0].kind == "text":
        nodes.insert(0, new_markdown_cell(cells[0].source))
        cells = cells[1:]
    for index, cell in enumerate(cells):
        if cell.kind == "text":
            nodes.append(new_markdown_cell(cell.source))
        elif cell.kind == "code":
            nodes.append(new_code_cell(cell.source))
        elif cell.kind in ("experiment", "demonstration"):
            nodes.append(finish(cell, experiment_node(cell, index)))
        elif cell.kind == "answer":
            nodes += answer_nodes(cell, points[cell.question], finish)
        else:
            nodes.append(manual_node(cell, points[cell.question], finish))
    nodes += last_nodes(assignment)
    for index, node in enumerate(nodes):
        # nbformat draws ids at random; a build must come out the same every time.
        node["id"] = f"{assignment.name}-{index:03d}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(
        cells=nodes, metadata={"kernelspec": kernel, "language_info": {"name": "python"}}
    )


def experiment_node(cell: script.ScriptCell, index) -> NotebookNode:
    node = mark_locked(new_code_cell(cell.source), f"experiment-{index}")
    node.metadata["tags"] = ["experiment"]
    return node


def answer_nodes(cell: script.ScriptCell, points, finish) -> list[NotebookNode]:
    """Returns the answer to a question and its check, which has the points."""
    answer = mark_graded(new_code_cell(cell.source), f"{cell.question}-answer", solution=True)
    check = new_code_cell(f'check("{cell.question}")  # {points_in_words(points)}')
    return [finish(cell, answer), mark_graded(check, cell.question, grade=True, points=points)]


def manual_node(cell: script.ScriptCell, points, finish) -> NotebookNode:
    """Returns the question that is graded by hand, with its name and points in the heading."""
    heading, rest = cell.source.split("\n", maxsplit=1)
    named = f"{heading} (`{cell.question}`, {points_in_words(points)})"
    cell = replace(cell, source=f"{named}\n{rest}")
    node = mark_graded(
        new_markdown_cell(cell.source), cell.question, grade=True, solution=True, points=points
    )
    node.metadata[UNTOUCHED] = digest_text(script.REGION.sub("", cell.source))
    return finish(cell, node)


def last_nodes(assignment: tasks.Assignment) -> list[NotebookNode]:
    """Returns the cells on handing in."""
    limits = (
        f"{f'`{question.name}`' if question.cases else 'a class'} {question.seconds:g} s"
        for question in assignment.questions
        if question.seconds
    )
    longer = ", ".join(dict.fromkeys(limits))
    return [
        new_markdown_cell(HANDING_IN.format(f" ({longer})" if longer else "")),
        mark_locked(new_code_cell("check_all()"), "check-all"),
    ]


def first_cell(name: str) -> str:
    """Returns the code of the cell that finds vikit, for the notebook of assignment `name`."""
    return SETUP.read_text(encoding="utf-8").replace("{assignment}", name).rstrip()


def fold(node: NotebookNode) -> NotebookNode:
    """Returns `node` shown as its first line, in Jupyter and Colab; "Run All" runs all of it."""
    node.metadata["jupyter"] = {"source_hidden": True}
    node.metadata["cellView"] = "form"
    return node


def points_in_words(points) -> str:
    return f"{points:g} point{'' if points == 1 else 's'}"


def clear_answer(cell: script.ScriptCell, node: NotebookNode) -> NotebookNode:
    """Returns `node` as a student finds it: an answer's solution region replaced by a stub."""
    if cell.kind == "experiment":
        # Jupyter's own tag: "Run All" goes on after a figure of a function that is not written yet.
        node.metadata["tags"].append("raises-exception")
        return node
    clear = ClearSolutions(
        code_stub={"python": f'raise NotImplementedError("write {cell.question}")'},
        text_stub=TEXT_STUB,
    )
    if cell.kind == "answer":
        node.source = script.remove_helpers(node.source)
    node = clear.preprocess_cell(node, {"language": "python"}, 0)[0]
    if cell.kind == "answer":
        node.source = name_stubs(node.source)
    return node


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


def mark_graded(
    node: NotebookNode, grade_id, grade=False, solution=False, points=0
) -> NotebookNode:
    """Returns `node` with nbgrader's metadata; a check is locked, an answer is not."""
    node.metadata["nbgrader"] = {
        "cell_type": node.cell_type,
        "grade": grade,
        "grade_id": grade_id,
        "locked": not solution,
        "points": points,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    return node


def mark_locked(node: NotebookNode, grade_id) -> NotebookNode:
    return mark_graded(node, grade_id)


def write_assignments(folder=ASSIGNMENTS, begins=lambda text: None) -> list[Path]:
    """Writes all assignments' released files and the errata to `folder`; returns their paths.

    `begins` is told of each assignment.
    """
    paths = []
    for name in tasks.names():
        begins(f"Building {name}")
        files = release(name)
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file, content in files.items():
            (folder / name / file).write_bytes(content)
            paths.append(folder / name / file)
    (folder / errata.FILE_NAME).write_bytes(errata.students_list().encode())
    return [*paths, folder / errata.FILE_NAME]
