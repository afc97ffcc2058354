"""What only graders see: the answer to a question in words, and its rubric, out of the source."""

from collections.abc import Mapping
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
        source = read_notebook(path, "mend it")
    elif (script.SOLUTIONS / f"{assignment}.py").is_file():
        cells = script.read(script.SOLUTIONS / f"{assignment}.py")
        source = notebooks.source_notebook(tasks.load(assignment), cells)
    else:
        return {}
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
