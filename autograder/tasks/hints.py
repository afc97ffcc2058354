"""Reads hints.md: what a student is told about each mistake, two lines each, apart from code.

A mistake is two lines, what is off and how to mend it:

    - **name** hint [source]
      Repair: repair

The source may be missing where it is the question's own. Above it stands the heading of a question,
`## vae_loss`, or of some of its properties, `## VAE, loss_per_example, fresh_noise`. The file
beside the folders of the assignments holds hints that several share, below headings that only
serve the reader.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from vikit.exams.exam import EXAMINATIONS
from vikit.judging import Mistake

from .question import Question, QuestionError

__all__ = ["FILE", "attach_hints", "read_hints", "unused_hints"]

FILE = "hints.md"
SHARED = Path(__file__).with_name(FILE)
LINE = re.compile(r"- \*\*(?P<name>\w+)\*\* (?P<hint>.+?)(?: \[(?P<source>[^][]+)\])?")
REPAIR = "  Repair: "
ERRATA = re.compile(r"errata E-\d{3}-\d{2}(?: and E-\d{3}-\d{2})*")


def read_hints(path) -> dict[tuple[str, str], Mistake]:
    """Returns a dict from (heading, name) to `Mistake`, its source empty where there is none.

    Raises:
        QuestionError: If a line is not a hint, a repair, a heading or text before the first
            heading, if a mistake stands there twice, or if a repair follows no mistake.
    """
    found: dict[tuple[str, str], Mistake] = {}
    heading, last = None, None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        where = f"{path}:{number}"
        if line.startswith("## "):
            heading, last = line[3:].strip(), None
        elif heading is None or not line.strip():
            continue
        elif line.startswith(REPAIR):
            if last is None or found[last].repair:
                raise QuestionError(f"{where}: this repair follows no mistake: {line}")
            found[last] = replace(found[last], repair=line.removeprefix(REPAIR).strip())
        else:
            mistake = read_mistake(line, where)
            last = heading, mistake.name
            if last in found:
                raise QuestionError(
                    f"{where}: `{mistake.name}` stands below `{heading}` already; "
                    "keep one of the two"
                )
            found[last] = mistake
    return found


def read_mistake(line, where) -> Mistake:
    """Returns the `Mistake` of a line, without a repair; `where` is its file and number."""
    match = LINE.fullmatch(line.strip())
    if not match:
        raise QuestionError(
            f"{where}: this is no hint; write `- **name** hint [source]` in one line, "
            f"and `{REPAIR}...` in the next: {line}"
        )
    name, hint, source = match.group("name", "hint", "source")
    return Mistake(name, hint, source or "")


def read_shared() -> dict[str, Mistake]:
    """Returns a dict from name to `Mistake` of the hints that several assignments share.

    Raises:
        QuestionError: If a name stands there twice, whatever the headings.
    """
    found: dict[str, Mistake] = {}
    for (heading, name), mistake in read_hints(SHARED).items():
        if name in found:
            raise QuestionError(
                f"{SHARED}: `{name}` stands there twice, again below "
                f"`{heading}`; keep one of the two"
            )
        found[name] = mistake
    return found


class Hints:
    """The hints of one assignment: its own, and below them those that all share.

    Attributes:
        path: Its hints.md.
        own: From (heading, name) to `Mistake`.
        shared: From name to `Mistake`.
        used: What was asked for, of both.
    """

    def __init__(self, folder) -> None:
        self.path = folder / FILE
        self.own = read_hints(self.path)
        self.shared = read_shared()
        self.used: set[str | tuple[str, str]] = set()

    def find(self, question, name, prop="") -> Mistake:
        """Returns the `Mistake` of this name for a question, or for one of its properties.

        Raises:
            QuestionError: If neither file has it.
        """
        for heading in self.headings(question, prop):
            if (heading, name) in self.own:
                self.used.add((heading, name))
                return self.own[heading, name]
        if prop and name in self.shared:
            self.used.add(name)
            return self.shared[name]
        wanted = f"{question.name}, {prop}" if prop else question.name
        raise QuestionError(
            f"{self.path}: there is no hint for `{name}`; add `- **{name}** ...` "
            f"below `## {wanted}`"
        )

    def headings(self, question, prop) -> list[str]:
        """Returns the headings below which a hint may stand, the closest first."""
        several = [heading for heading, _ in self.own if prop and prop in heading.split(", ")[1:]]
        return [
            heading for heading in dict.fromkeys(several) if heading.split(", ")[0] == question.name
        ] + [question.name]


def attach_hints(assignment, folder) -> tuple[Question, ...]:
    """Returns an assignment's questions with their hints, and properties with their mistakes.

    Raises:
        QuestionError: If a mistake has no hint.
    """
    hints = Hints(folder)
    return tuple(with_hints(question, hints) for question in assignment.questions)


def with_hints(question, hints) -> Question:
    found = {mistake.name: hints.find(question, mistake.name) for mistake in question.mistakes}
    return replace(
        question,
        source=without_numbers(question.source),
        hints={name: with_source(mistake, question) for name, mistake in found.items()},
        properties=tuple(
            replace(
                item,
                source=without_numbers(item.source),
                mistakes=tuple(mistakes_of(item, question, hints)),
            )
            for item in question.properties
        ),
    )


def without_numbers(source) -> str:
    """Returns a source without the numbers of errata, which are the staff's: the place says it."""
    return ERRATA.sub("errata list", source)


def with_source(mistake, question) -> Mistake:
    return replace(mistake, source=without_numbers(mistake.source or question.source))


def mistakes_of(item, question, hints) -> Iterator[Mistake]:
    """Yields the `Mistake`s that the examination of a property may find."""
    for name in sorted(EXAMINATIONS[item.examination].names_it_may_find(item.options)):
        mistake = hints.find(question, name, item.name)
        yield replace(mistake, source=without_numbers(mistake.source))


def unused_hints(assignments, folder) -> list[str]:
    """Returns lines "file: heading, name" of hints that nothing asks for, shared ones too."""
    every = {name: Hints(folder / name) for name in assignments}
    for name, hints in every.items():
        for question in assignments[name].questions:
            with_hints(question, hints)
    unused = [
        f"{hints.path.parent.name}/{FILE}: {heading}, {name}"
        for hints in every.values()
        for heading, name in hints.own
        if (heading, name) not in hints.used
    ]
    shared = set().union(*(hints.used for hints in every.values()))
    return unused + [
        f"{FILE}: {name}" for name in next(iter(every.values())).shared if name not in shared
    ]
