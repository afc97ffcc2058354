"""The notebooks made from a solution script: the students' one, and the one with answers."""

from dataclasses import replace
from itertools import count
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from vikit.protocol import public_cases

from autograder import tasks
from autograder.places import ASSIGNMENTS

from . import clearing, errata, script, settled

__all__ = [
    "ASSIGNMENTS",
    "release",
    "solution_notebook",
    "source_notebook",
    "write_assignments",
]

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
    return clearing.clear_notebook(source_notebook(assignment, cells))


def source_notebook(assignment: tasks.Assignment, cells: list[script.ScriptCell]) -> NotebookNode:
    """Returns nbgrader's source of the students' notebook: answers stand between their marks.

    Errata have the students' numbers, but for those in answers and demonstrations.
    """
    numbers = errata.number_for_students(errata.read())
    shown = [
        cell
        if cell.kind == "demonstration"
        else replace(cell, source=script.outside_regions(cell.source, errata.translate, numbers))
        for cell in cells
    ]
    return build_notebook(assignment, shown)


def solution_notebook(assignment: tasks.Assignment, cells: list[script.ScriptCell]) -> NotebookNode:
    """Returns the same notebook with the answers in, and nothing that marks them."""
    notebook = build_notebook(assignment, cells)
    for node in notebook.cells:
        if clearing.is_answer(node):
            node.source = script.remove_markers(node.source)
    return notebook


def build_notebook(assignment: tasks.Assignment, cells: list[script.ScriptCell]) -> NotebookNode:
    """Returns a notebook of these cells, answers between their marks."""
    points = {
        question.name: question.points for question in (*assignment.questions, *assignment.manual)
    }
    nodes = [fold(mark_locked(new_code_cell(first_cell(assignment.name)), SETUP_ID))]
    if cells and cells[0].kind == "text":
        nodes.insert(0, new_markdown_cell(cells[0].source))
        cells = cells[1:]
    # Demonstrations are counted by themselves: students' cells are called the same without them.
    counters = {True: count(), False: count()}
    for cell in cells:
        number = next(counters[cell.kind == "demonstration"])
        nodes += nodes_of(cell, number, points.get(cell.question, 0))
    nodes += last_nodes(assignment)
    name_cells(nodes, assignment.name)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(
        cells=nodes, metadata={"kernelspec": kernel, "language_info": {"name": "python"}}
    )


def nodes_of(cell: script.ScriptCell, number: int, points) -> list[NotebookNode]:
    """Returns the notebook's cells of a script's cell, the `number`-th of its kind."""
    if cell.kind == "text":
        return [new_markdown_cell(cell.source)]
    if cell.kind == "code":
        return [new_code_cell(cell.source)]
    if cell.kind in ("experiment", "demonstration"):
        return [experiment_node(cell, f"{cell.kind}-{number}")]
    return answer_nodes(cell, points) if cell.kind == "answer" else [manual_node(cell, points)]


def name_cells(nodes: list[NotebookNode], assignment: str) -> None:
    """Gives cells their ids: nbformat draws them at random, and builds must not differ."""
    demonstrations, others = count(), count()
    for node in nodes:
        if clearing.is_demonstration(node):
            node["id"] = f"{assignment}-solution-{next(demonstrations):03d}"
        else:
            node["id"] = f"{assignment}-{next(others):03d}"


def experiment_node(cell: script.ScriptCell, grade_id) -> NotebookNode:
    node = mark_locked(new_code_cell(cell.source), grade_id)
    tags = ["experiment"] if cell.kind == "experiment" else ["experiment", "solution"]
    node.metadata["tags"] = tags
    return node


def answer_nodes(cell: script.ScriptCell, points) -> list[NotebookNode]:
    """Returns the answer to a question and its check, which has the points."""
    answer = mark_graded(new_code_cell(cell.source), f"{cell.question}-answer", solution=True)
    check = new_code_cell(f'check("{cell.question}")  # {points_in_words(points)}')
    return [answer, mark_graded(check, cell.question, grade=True, points=points)]


def manual_node(cell: script.ScriptCell, points) -> NotebookNode:
    """Returns the question that is graded by hand, with its name and points in the heading."""
    heading, rest = cell.source.split("\n", maxsplit=1)
    named = f"{heading} (`{cell.question}`, {points_in_words(points)})"
    node = new_markdown_cell(f"{named}\n{rest}")
    return mark_graded(node, cell.question, grade=True, solution=True, points=points)


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
