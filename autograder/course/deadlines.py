"""When assignments are due: `deadlines.csv`, with a row for each assignment."""

from datetime import UTC, datetime
from pathlib import Path

from autograder import tasks
from autograder.places import FaultyFile

from .tables import read_rows
from .timestamps import split_time

__all__ = ["COLUMNS", "NAME", "RULE_COLUMNS", "check_name", "parse", "read_deadlines"]

NAME = "deadlines.csv"
RULE_COLUMNS = ("percent_per_day", "grace_minutes", "most_percent")
COLUMNS = ("assignment", "due", *RULE_COLUMNS)
NEVER = "none"


def read_deadlines(folder) -> dict[str, datetime | None]:
    """Returns when assignments are due, in UTC, of those for which `deadlines.csv` says it.

    `none` there is None: it has no deadline any more. Of an empty row it says nothing.

    A time without a zone, "2026-10-30 23:59", is this machine's; with one it is that zone's:
    "2026-10-30 23:59 Europe/Berlin".

    Raises:
        FaultyFile: If it cannot be read; the text says which line, and how to mend it.
    """
    path = Path(folder) / NAME
    if not path.is_file():
        return {}
    found: dict[str, datetime | None] = {}
    lines: dict[str, int] = {}
    for line, row in read_rows(path, COLUMNS, COLUMNS[:2]):
        name, due = row["assignment"], row["due"]
        check_name(name, f"{path}, line {line}")
        if lines.setdefault(name, line) != line:
            raise FaultyFile(
                f"{path} has {name} twice, in lines {lines[name]} and {line}: take one out"
            )
        if due.casefold() == NEVER:
            found[name] = None
        elif due:
            found[name] = parse(due, f"{path}, line {line}")
    return found


def check_name(name: str, where: str) -> None:
    """Raises FaultyFile for what is no assignment; it says `where` that stands."""
    if not name:
        raise FaultyFile(f"{where}: the assignment is missing")
    if name not in tasks.names():
        raise FaultyFile(
            f"{where}: no assignment is called {name}; there are: {', '.join(tasks.names())}"
        )


def parse(text: str, where: str) -> datetime:
    """Returns a time in UTC; of two that a clock shows when it is put back, the later.

    Raises:
        FaultyFile: If the text is no time; it says `where` the text stands.
    """
    try:
        time, zone = split_time(text)
        # Nobody loses an hour.
        local = time.replace(fold=1)
        found = (local.replace(tzinfo=zone) if zone else local.astimezone()).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise FaultyFile(
            f"{where}: {text!r} is no time ({error}): write it as 2026-10-30 23:59, "
            "or 2026-10-30 23:59 Europe/Berlin"
        ) from error
    if found.astimezone(zone).replace(tzinfo=None) != time:
        raise FaultyFile(f"{where}: there is no {text}: clocks are put forward over it")
    return found
