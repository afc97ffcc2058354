"""`autograder new-question`: writes a question that works, to be replaced by one's own."""

from argparse import Namespace

from autograder import places, screen

from .options import UsageError, add_command

__all__ = ["add_parser"]


def add_parser(commands) -> None:
    command = add_command(
        commands,
        "new-question",
        run,
        "write a question that works into an assignment, for you to replace by your own",
        "Writes an example with its cases, a known mistake, its hint and its cell in the solution, "
        "and says what to fill.",
    )
    command.add_argument("assignment", metavar="ASSIGNMENT", help="for example a01_densities")
    command.add_argument(
        "name", metavar="NAME", help="the name of the function that students write"
    )


def run(options: Namespace) -> int:
    places.check_checkout("new-question")
    with screen.waiting(screen.beside_results(), "Starting TensorFlow"):
        from autograder.build.skeleton import SkeletonError, write_question
        from autograder.reference import device as devices

        devices.choose()
        try:
            written = write_question(options.assignment, options.name)
        except (SkeletonError, LookupError) as error:
            raise UsageError(error.args[0]) from error
    print(
        f"A question that works is there: the sum of squares, as {options.name}. "
        "Write your own in its place:"
    )
    for path, what in written:
        print(f"  {path.relative_to(places.CHECKOUT)}: {what}")
    print("Then `make assignments` builds the notebook, and")
    print(f"`make test A={options.assignment}` says what is still missing.")
    return 0
