"""`autograder kernelspec`: installs the confined kernel."""

from argparse import Namespace
from pathlib import Path

from autograder import screen

from .options import OF_A_PROCESS, UsageError, add_command, add_limits

__all__ = ["add_parser"]


def add_parser(commands) -> None:
    kernelspec = add_command(
        commands,
        "kernelspec",
        run,
        "install the confined kernel for nbclient, nbgrader and Jupyter",
        "Installs the confined kernel under the name confined-python3, and prints where.",
    )
    kernelspec.add_argument(
        "--prefix",
        type=Path,
        metavar="DIR",
        help="installs it in DIR/share/jupyter/kernels (DIR: that of this Python)",
    )
    add_limits(kernelspec, OF_A_PROCESS)


def run(options: Namespace) -> int:
    with screen.waiting(screen.beside_results(), "Installing the kernel"):
        from autograder.grading.limits import bounds_for
        from autograder.grading.run import install_kernel

        try:
            limits = bounds_for(options.limit)
        except ValueError as error:
            raise UsageError(str(error)) from error
        path = install_kernel(options.prefix, limits)
    print(path)
    return 0
