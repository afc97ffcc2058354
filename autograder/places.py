"""Where the kit's notebooks and solutions lie: in the repository, or in an installed kit."""

from pathlib import Path

__all__ = [
    "ASSIGNMENTS",
    "CHECKOUT",
    "IS_CHECKOUT",
    "SOLUTIONS",
    "FaultyFile",
    "NotInstalled",
    "check_checkout",
    "released_folder",
]

CHECKOUT = Path(__file__).resolve().parents[1]
# setup.py puts `assignments/` and `solutions/` there when it builds a wheel.
CARRIED = Path(__file__).resolve().parent / "carried"
IS_CHECKOUT = (CHECKOUT / "pyproject.toml").is_file() and (CHECKOUT / "solutions").is_dir()
HOME = CHECKOUT if IS_CHECKOUT else CARRIED

ASSIGNMENTS, SOLUTIONS = HOME / "assignments", HOME / "solutions"


class NotInstalled(Exception):
    """A file that belongs to the kit and is not there."""


class FaultyFile(Exception):
    """An edited file of the kit that cannot be used; the text says where and how to mend it."""


def released_folder(assignment) -> Path:
    """Returns the folder with the released notebook and public cases of `assignment`.

    Raises:
        NotInstalled: If they are not there: without them a notebook would be graded in another way.
    """
    folder = ASSIGNMENTS / assignment
    for file in (f"{assignment}.ipynb", "public_cases.json"):
        if not (folder / file).is_file():
            fix = "run `make assignments`" if IS_CHECKOUT else "install the kit again"
            raise NotInstalled(f"the kit's own {assignment}/{file} is not in {ASSIGNMENTS}: {fix}")
    return folder


def check_checkout(command) -> None:
    """Raises NotInstalled where the kit is no checkout of its repository, as `command` needs."""
    if not IS_CHECKOUT:
        raise NotInstalled(
            f"`autograder {command}` needs the kit's repository, and this kit is installed without "
            f"it: clone the repository and run `make {command}` there"
        )
