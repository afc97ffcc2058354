"""Tables that instructors write, and the kit too: CSV as spreadsheets write it."""

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import Path

from autograder.files import write_whole
from autograder.places import FaultyFile
from autograder.reports.gradebook import is_formula, make_harmless

__all__ = ["read_rows", "write_rows"]


def read_rows(path: Path, columns, needed) -> list[tuple[int, dict[str, str]]]:
    """Returns (line, values by column) of the rows of a table that hold anything.

    Args:
        path: The table, as spreadsheets write CSV.
        columns: The names of all columns.
        needed: Those that must be there.

    Raises:
        FaultyFile: If it cannot be read, or one of the columns is missing.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        first = text.partition("\n")[0]
        # Spreadsheets of many countries write a semicolon.
        separator = max(",;\t", key=first.count)
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        header = [name.strip().casefold() for name in next(lines, [])]
        rows = [(lines.line_num, row) for row in lines]
    except (UnicodeDecodeError, csv.Error) as error:
        raise FaultyFile(f"{path} is no table in UTF-8 ({error}): save it as CSV UTF-8") from error
    for name in needed:
        if name not in header:
            raise FaultyFile(
                f"{path} has no column `{name}`: its first line must be {','.join(columns)}"
            )
    found = (
        # A row may be shorter than the first line.
        (
            line,
            dict(zip_longest(header, (plain(value) for value in row[: len(header)]), fillvalue="")),
        )
        for line, row in rows
    )
    return [(line, values) for line, values in found if any(values.values())]


def plain(value: str) -> str:
    """Returns a cell without spaces around it, and without the quote that `write_rows` puts."""
    text = value.strip()
    return text[1:] if text.startswith("'") and is_formula(text[1:]) else text


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence]) -> None:
    """Writes a table that `read_rows` reads.

    Args:
        path: Where to.
        columns: The names of its columns.
        rows: What stands in them.

    Raises:
        OSError: If it cannot be written: nothing has changed then.
    """
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([make_harmless(value) for value in row] for row in rows)
    write_whole(path, target.getvalue())
