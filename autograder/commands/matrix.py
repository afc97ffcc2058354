"""`autograder matrix`: shows which cases of a question refuse which of its known mistakes."""

from argparse import Namespace
from pathlib import Path

from autograder import screen
from autograder.screen import say

from .options import add_assignments, add_command, add_out, known_assignments

__all__ = ["add_parser"]


def add_parser(commands) -> None:
    matrix = add_command(
        commands,
        "matrix",
        run,
        "show which cases of a question refuse which of its known mistakes",
        "Draws the inputs of 20 students for each question, puts in the values of each known "
        "mistake, and shows which cases refuse it: for all students, for a share of them, or for "
        "none (the question needs another case then). The page that it writes also has the "
        "transformations that get a name, and the pairs of names that no inputs tell apart.",
    )
    add_assignments(matrix)
    add_out(matrix, "build/matrix")


def run(options: Namespace) -> int:
    names = known_assignments(options.assignments)
    console = screen.on_stdout()
    with screen.waiting(console, "Starting TensorFlow"):
        from autograder import tasks
        from autograder.reference import device as devices

        devices.choose()
        questions = {name: tasks.load(name).functions for name in names}
    with screen.counting(console, sum(map(len, questions.values()))) as (begins, done):
        for name, functions in questions.items():
            begins(f"Putting the known mistakes of {name} to {len(functions)} questions")
            path = write_matrix(options, console, name, functions, done)
            say(console, f"All transformations and the pairs that no inputs tell apart: {path}")
    return 0


def write_matrix(options: Namespace, console, name, questions, done) -> Path:
    """Prints the matrix of each question of an assignment, and returns the path of their page."""
    import nbformat

    from autograder.files import write_whole
    from autograder.grading.notebook import texts_before
    from autograder.places import released_folder
    from autograder.reports import mathematics
    from autograder.reports import matrix as pages
    from autograder.tasks.matrix import kill_matrix

    matrices = []
    for question in questions:
        matrices.append(kill_matrix(name, question))
        console.print(pages.build_table(matrices[-1]))
        done(f"{name}: {question.name}")
    path = options.out / f"{name}.html"
    released = nbformat.read(released_folder(name) / f"{name}.ipynb", as_version=4)
    formulas = {
        question: mathematics.displayed_formulas(text)
        for question, text in texts_before(released).items()
    }
    write_whole(path, pages.build_page(name, matrices, formulas))
    return path
