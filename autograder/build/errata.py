"""The errata of the lecture's documents: docs/errata.md, for the staff, and the students' list.

    - **E-000-08** section 4 "Closed form ELBO", step 2: the divergence lacks its minus. Right: ...
      - Staff: value, line 68. N(0.5, 0.8^2) against N(-0.3, 1.7^2): `-0.475225` for `0.475225`.

The students' list leaves out the staff's part and what a question asks about (`Manual.errata`), and
counts the rest of each document afresh: 000-1, 000-2, ... At its end are the passages that
questions ask about (`Manual.passages`), right ones and wrong ones. Sources cite the staff's number,
and `translate` gives notebooks the students'.
"""

import itertools
import re
import textwrap
from dataclasses import dataclass

from autograder import places, tasks

__all__ = [
    "FILE_NAME",
    "SOURCE",
    "Erratum",
    "number_for_students",
    "read",
    "students_list",
    "translate",
    "who_asks",
]

SOURCE, FILE_NAME = places.CHECKOUT / "docs" / "errata.md", "ERRATA.md"
INTRODUCTION = """\
# Errata of the lecture documents

Errata 000-1, 000-2 and so on are those of document 000. "In our copy" means that the fault may come
from the conversion of the document to text.
"""
ASKED = """\
## Passages that questions ask about

Some of them hold, and some do not. Whether an error is in one is for you to find out.
"""
NUMBER = re.compile(r"E-\d{3}-\d{2}")
HEADING = re.compile(r"## Document \d{3}\b.*")
KIND = "(?:value|notation|concept|conversion|code)"
ENTRY = re.compile(
    r'- \*\*(E-\d{3}-\d{2})\*\* ((?:"[^"]+"|eq\.|[^":.])+): '
    rf"(?:(?!Staff).)+ - Staff: ({KIND}(?: and {KIND})*, lines? \d.*)"
)
FORM = "`- **E-000-01** place: text`, and below that `  - Staff: value, line 68.`"


@dataclass(frozen=True)
class Erratum:
    """A fault: its document's heading, number, place, entry as it is written, staff's part."""

    heading: str
    number: str
    place: str
    entry: str
    staff: str


def read(path=SOURCE) -> list[Erratum]:
    """Returns the errata of docs/errata.md, in order.

    Raises:
        places.FaultyFile: If something below the first heading is no entry, or an entry stands
            below another document's heading, twice, or out of order.
    """
    found: list[Erratum] = []
    heading, text = "", path.read_text(encoding="utf-8")
    # A line, with the indented ones below it.
    for block in re.finditer(r"^.*\S.*(?:\n  .*)*", text, re.MULTILINE):
        where = f"{path}:{len(text[: block.start()].splitlines()) + 1}"
        if HEADING.fullmatch(block[0]):
            heading = block[0]
        elif heading or block[0].startswith("- "):
            match = ENTRY.fullmatch(" ".join(block[0].split()))
            if not match:
                raise places.FaultyFile(f"{where}: this is no entry; write {FORM}")
            number, place, staff = match.groups()
            is_below = heading.startswith(f"## Document {number[2:5]}")
            if not is_below or (found and number <= found[-1].number):
                raise places.FaultyFile(f"{where}: {number} stands out of order; sort the entries")
            entry = re.split(r"\s+- Staff:", block[0])[0]
            found.append(Erratum(heading, number, place, entry, staff))
    return found


def who_asks() -> dict[str, list[str]]:
    """Returns from the number of an erratum to the questions on it, as "a01_densities, find"."""
    found: dict[str, list[str]] = {}
    for name in tasks.names():
        for question in tasks.load(name).manual:
            for number in question.errata:
                found.setdefault(number, []).append(f"{name}, {question.name}")
    return found


def students_list(path=SOURCE) -> str:
    """Returns the students' list; raises FaultyFile if a question names what is not in `path`."""
    errata, asked = read(path), who_asks()
    for number in sorted(asked.keys() - {erratum.number for erratum in errata}):
        raise places.FaultyFile(f"{path}: {asked[number][0]} asks about {number}, which is missing")
    numbers = number_for_students(errata)
    parts = [INTRODUCTION]
    for heading, group in itertools.groupby(errata, lambda erratum: erratum.heading):
        entries = [
            erratum.entry.replace(erratum.number, numbers[erratum.number], 1)
            for erratum in group
            if erratum.number in numbers
        ]
        parts.append("\n".join([heading, "", *entries, ""]))
    lines = [format_passage(*passage) for passage in sorted(asked_passages().items())]
    return "\n".join([*parts, ASKED, *lines, ""])


def number_for_students(errata) -> dict[str, str]:
    """Returns from staff's to students' numbers, of the errata that no question asks about."""
    asked = who_asks()
    found: dict[str, str] = {}
    told = [erratum.number for erratum in errata if erratum.number not in asked]
    for document, group in itertools.groupby(told, lambda number: number[2:5]):
        found |= {number: f"{document}-{count}" for count, number in enumerate(group, 1)}
    return found


def translate(text, numbers) -> str:
    """Returns a text with the students' numbers of errata in the place of the staff's.

    Args:
        text: What is released.
        numbers: From the staff's numbers to the students' (see `number_for_students`).

    Raises:
        places.FaultyFile: If the text names an erratum that a question asks about or that is in no
            list.
    """
    for number in NUMBER.findall(text):
        if number not in numbers:
            raise places.FaultyFile(
                f"a released text names {number}, which a question asks about or {SOURCE} has not: "
                f"{text}"
            )
    return NUMBER.sub(lambda found: numbers[found[0]], text)


def asked_passages() -> dict[str, list[str]]:
    """Returns from the passages that questions ask about to these, as "a01_densities, find"."""
    found: dict[str, list[str]] = {}
    for name in tasks.names():
        for question in tasks.load(name).manual:
            for passage in question.passages:
                found.setdefault(passage, []).append(f"{name}, {question.name}")
    return found


def format_passage(place, questions) -> str:
    text = f"- {place}: {'; '.join(questions)}."
    return textwrap.fill(text, 100, subsequent_indent="  ", break_on_hyphens=False)
