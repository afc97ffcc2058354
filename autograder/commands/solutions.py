"""`autograder solutions`: runs the solutions and writes them as HTML."""

from argparse import Namespace

from autograder import screen

from .options import add_assignments, add_command, add_out, known_assignments

__all__ = ["add_parser"]


def add_parser(commands) -> None:
    solutions = add_command(commands, "solutions", run, "run the solutions and write them as HTML")
    add_assignments(solutions)
    add_out(solutions, "build/solutions")


def run(options: Namespace) -> int:
    names = known_assignments(options.assignments)
    console = screen.beside_results()
    with screen.waiting(console, "Starting TensorFlow"):
        from autograder.build import execute
        from autograder.reference import device as devices

        devices.choose()
    for name in names:
        with screen.waiting(console, f"Running the solution of {name}"):
            path = execute.write_html(name, options.out)
        print(path, flush=True)
    return 0
