"""`autograder bench`: measures how fast this machine grades, beside stock nbgrader."""

from argparse import Namespace
from pathlib import Path

from autograder import screen

from .options import UsageError, add_command, add_jobs, check_numbers

__all__ = ["add_parser"]


def add_parser(commands) -> None:
    bench = add_command(
        commands, "bench", run, "measure how fast this machine grades, beside stock nbgrader"
    )
    add_jobs(bench)
    bench.add_argument(
        "--students",
        type=int,
        default=200,
        metavar="N",
        help="submissions for the kit (%(default)s)",
    )
    bench.add_argument(
        "--stock", type=int, default=3, metavar="N", help="submissions for nbgrader (%(default)s)"
    )
    bench.add_argument(
        "--out",
        type=Path,
        default=Path("build/bench.json"),
        metavar="FILE",
        help="receives the figures (%(default)s)",
    )


def run(options: Namespace) -> int:
    import json

    from autograder.files import write_whole

    check_numbers(options)
    if options.students <= options.jobs:
        raise UsageError(
            f"--students must be more than --jobs, which is {options.jobs}: the start is taken off"
        )
    with screen.waiting(
        screen.beside_results(), "Making the notebook of the reference solution"
    ) as begins:
        from autograder.bench import bench

        figures = (
            json.dumps(bench(options.jobs, options.stock, options.students, begins), indent=1)
            + "\n"
        )
    write_whole(options.out, figures)
    print(figures, end="")
    return 0
