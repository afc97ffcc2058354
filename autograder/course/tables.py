"""Tables that instructors write, and the kit too: CSV as spreadsheets write it."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import Path

from autograder.files import write_whole
from autograder.places import FaultyFile
from autograder.reports.gradebook import is_formula, make_harmless

__all__ = ["read_number", "read_rows", "write_rows"]


def read_rows(path: Path, columns, needed, takes_others=False) -> list[tuple[int, dict[str, str]]]:
    """Returns (line, values by column) of the rows of a table that hold anything.

    Args:
        path: The table, as spreadsheets write CSV.
        columns: The names of all columns.
        needed: Those that must be there.
        takes_others: Whether it may have other columns too.

    Raises:
        FaultyFile: If it cannot be read, one of the columns is missing, or there is another one.
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
    check_header(path, header, columns, needed, takes_others)
    check_lengths(path, rows, len(header))
    found = (
        # A row may be shorter than the first line.
        (
            line,
            dict(zip_longest(header, (plain(value) for value in row[: len(header)]), fillvalue="")),
        )
        for line, row in rows
    )
    return [(line, values) for line, values in found if any(values.values())]


# Not fewer arguments: the table's first line, and what it may be.
def check_header(path: Path, header: list[str], columns, needed, takes_others: bool) -> None:
    """Raises FaultyFile where a column is missing, or one is there that means nothing.

    Args:
        path: The table.
        header: Its first line.
        columns: The names of all columns.
        needed: Those that must be there.
        takes_others: Whether it may have other columns too.
    """
    first = f"its first line must be {','.join(columns)}"
    for name in needed:
        if name not in header:
            raise FaultyFile(f"{path} has no column `{name}`: {first}")
    for name in header:
        if name and name not in columns and not takes_others:
            raise FaultyFile(f"{path} has a column `{name}`, which means nothing here: {first}")


def check_lengths(path: Path, rows: Iterable[tuple[int, list[str]]], columns: int) -> None:
    """Raises FaultyFile for a row with more cells than there are columns."""
    for line, row in rows:
        if any(value.strip() for value in row[columns:]):
            raise FaultyFile(
                f"{path}, line {line} has {len(row)} cells for {columns} columns: put a text that "
                'has a comma between quotation marks, "so, for example", or name the column'
            )


def read_number(text: str, where: str) -> float:
    """Returns a number of 0 or more; raises FaultyFile, which says `where` it stands."""
    try:
        found = float(text)
        # Python takes 1_0 for ten.
        if "_" in text or not 0 <= found < math.inf:
            raise ValueError(text)
        return found
    except ValueError as error:
        better = f"; write {text.replace(',', '.')}" if text.count(",") == 1 else ""
        raise FaultyFile(f"{where}: {text!r} is not a number of 0 or more{better}") from error


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
