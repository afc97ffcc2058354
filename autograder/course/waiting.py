"""Whether a person has to look at an answer, where decisions say that nobody has to.

nbgrader has one mark for that, `needs_manual_grade`. A decision answers what waits: while it holds
the mark is its own, and the answer's comes back when the decision is taken back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .corrections import FULL, POINTS, Correction

__all__ = ["Waiting", "hidden_by", "next_waiting"]

# What hides an answer's mark: nothing, an override, or what answers for the whole class.
NOTHING, ALL_OF_THEM = "", "all"


@dataclass(frozen=True)
class Waiting:
    """Who waits for a person.

    Attributes:
        answer: Whether the answer does, if no decision says that it need not.
        again: Whether it does since the override, as it has changed after it.
        override: The id of the override that `again` is about; "" for none.
        hidden_by: What hides the answer's mark: "points", "all" or "".
    """

    answer: bool = False
    again: bool = False
    override: str = ""
    hidden_by: str = NOTHING

    @classmethod
    def from_document(cls, marks: Mapping[str, Any] | None, correction: str) -> "Waiting":
        """Returns what was written down as `dataclasses.asdict` has it.

        Args:
            marks: The document; None where an earlier version of the kit has written none.
            correction: The id of the correction that holds, which says its kind; "" for none.

        Raises:
            KeyError, TypeError: If it is something else.
        """
        if marks is not None:
            texts = str(marks["override"]), str(marks["hidden_by"])
            return cls(bool(marks["answer"]), bool(marks["again"]), *texts)
        if f"|{FULL}|" in correction:
            return cls(hidden_by=ALL_OF_THEM)
        return cls(override=correction, hidden_by=POINTS) if correction else cls()

    @property
    def shown(self) -> bool:
        """The mark in the gradebook."""
        if self.hidden_by == ALL_OF_THEM:
            return False
        return self.again if self.hidden_by == POINTS else self.answer


def hidden_by(decision: Correction | None, most: float) -> str:
    """Returns what hides an answer's mark, under a decision on a question out of `most` points."""
    if not most or (decision and decision.kind == FULL):
        return ALL_OF_THEM
    return POINTS if decision else NOTHING


# Not fewer arguments: what was, what has happened since, and what holds now.
def next_waiting(
    known: Waiting, mark: bool, has_points: bool, by_person: bool, hides: str, override: str
) -> Waiting:
    """Returns who waits now.

    Args:
        known: Who did before.
        mark: The gradebook's mark. Where the answer has changed since, it is set.
        has_points: Whether a person has given points for it.
        by_person: Whether only a person gives points for it.
        hides: What hides the answer's mark now.
        override: The id of the override that holds; "" for none.
    """
    changed = mark and not known.shown
    if known.hidden_by == NOTHING:
        answer = mark
    else:
        # Where nobody gave points a change says nothing: what is automatic waits for nobody.
        answer = known.answer or changed if has_points else by_person
    again = known.again or changed if known.hidden_by else known.again
    if override and override != known.override:
        again, known_override = False, override
    else:
        known_override = known.override
    return Waiting(answer, again, known_override, hides)
