"""What only graders see: the answer to a question in words, and its rubric, out of the source."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.coursedir import CourseDirectory

from autograder import tasks
from autograder.build import notebooks, script

from .directory import read_notebook
from .pages import RUBRIC_TAG

__all__ = ["read_rubrics", "rubric_cell"]


def read_rubrics(course: CourseDirectory, assignment: str) -> dict[str, str]:
    """Returns what the source says of each question in words, in Markdown: its answer and rubric.

    The source is the course's, or, where there is none, the kit's. Without any there is no rubric.

    Args:
        course: nbgrader's view of the course's folder.
        assignment: The assignment's name.

    Raises:
        FaultyFile: If the course's source is no notebook.
    """
    folder = course.format_path(course.source_directory, ".", assignment)
    path = Path(folder, f"{assignment}.ipynb")
    if path.is_file():
        return rubrics_in(read_notebook(path, "mend it"))
    if (script.SOLUTIONS / f"{assignment}.py").is_file():
        cells = script.read(script.SOLUTIONS / f"{assignment}.py")
        return dict(rubrics_of_kit(assignment, tuple(cells)))
    return {}


@cache
def rubrics_of_kit(assignment: str, cells: tuple[script.ScriptCell, ...]) -> dict[str, str]:
    """Returns the rubrics of the kit's own source; the same script is built once."""
    return rubrics_in(notebooks.source_notebook(tasks.load(assignment), [*cells]))


def rubrics_in(source: NotebookNode) -> dict[str, str]:
    """Returns the text of each solution region in Markdown, by question."""
    found = (
        (cell.metadata.nbgrader.grade_id, script.REGION.search(cell.source))
        for cell in source.cells
        if cell.cell_type == "markdown" and utils.is_solution(cell)
    )
    return {name: region[1].strip() for name, region in found if region}


def rubric_cell(question: str, rubrics: Mapping[str, str]) -> list[NotebookNode]:
    """Returns the cell that stands behind an answer in words; none where there is no rubric."""
    if question not in rubrics:
        return []
    text = f"---\n\n*Only graders see this: `{question}`.*\n\n{rubrics[question]}\n\n---"
    # nbformat's own functions would validate it.
    metadata = NotebookNode(tags=[RUBRIC_TAG], editable=False, deletable=False)
    return [NotebookNode(cell_type="markdown", metadata=metadata, source=text)]
