"""Where the instructor's own notes have what the kit's documents 000 to 004 have: `sources.csv`."""

import re
from collections.abc import Mapping
from pathlib import Path

from autograder.places import FaultyFile

from .tables import read_rows

__all__ = ["cite", "read_sources"]

NAME = "sources.csv"
COLUMNS = ("source", "yours")


def read_sources(folder) -> dict[str, str]:
    """Returns what stands for what in feedback: for questions, by name, and for texts in sources.

    Raises:
        FaultyFile: If `sources.csv` cannot be read; the text says which line.
    """
    path, found = Path(folder, NAME), {}
    if not path.is_file():
        return {}
    for line, row in read_rows(path, COLUMNS, COLUMNS):
        if not row["source"] or not row["yours"]:
            raise FaultyFile(f"{path}, line {line}: one of {', '.join(COLUMNS)} is missing")
        found[row["source"]] = row["yours"]
    return found


def cite(question: str, source: str, sources: Mapping[str, str]) -> str:
    """Returns where a question's matter stands, as the course has it.

    Args:
        question: The question's name.
        source: Where the kit says that it stands: "document 003, eq. 13".
        sources: What `read_sources` returned. A row for the question is all; else each text is put
            in the place of another, the longest first: "document 003, eq. 13" goes before
            "document 003".
    """
    if question in sources:
        return sources[question]
    texts = sorted(sources, key=len, reverse=True)
    # A number goes on: "eq. 1" is not in "eq. 13".
    pattern = "|".join(rf"{re.escape(text)}(?!\w)" for text in texts)
    return re.sub(pattern, lambda found: sources[found[0]], source) if texts else source
