"""Which answers look alike: pairs to look at, and no proof of anything.

copydetect compares them, by the method of Schleimer, Wilkerson and Aiken, "Winnowing: Local
Algorithms for Document Fingerprinting", SIGMOD 2003. Names, spaces and comments do not count, nor
does what was released with the assignment.
"""

import io
import itertools
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from copydetect import CodeFingerprint, compare_files

from autograder import places, tasks
from autograder.grading import notebook, packed
from autograder.grading.submission import Submission

from .roster import Roster

__all__ = ["Likeness", "Pair", "find_alike"]

# Characters of the code without names in a row that make a fingerprint, and how far fingerprints
# are apart at most.
LENGTH, WINDOW = 12, 6
# Who has fewer of their own has written nothing that can be compared.
MIN_TOKENS = 100
# An answer of which so much stands in the other's is named.
NEARLY_ALL = 0.9


@dataclass(frozen=True)
class Pair:
    """Two students whose answers look alike.

    Attributes:
        students: Their ids.
        share: How much of the shorter one's code stands in the other's too, 0 to 1.
        questions: The questions of which nearly all does.
        is_same: Whether all answers are the same to the letter.
    """

    students: tuple[str, str]
    share: float
    questions: tuple[str, ...]
    is_same: bool


@dataclass(frozen=True)
class Likeness:
    """What came of comparing a class.

    Attributes:
        pairs: The pairs that look most alike, those first.
        median: The share of the pair in the middle: right answers look alike too.
        compared: How many students were compared.
    """

    pairs: tuple[Pair, ...]
    median: float
    compared: int


@dataclass(frozen=True)
class Work:
    """A student's answers, by question, and the fingerprints of each."""

    student: str
    answers: Mapping[str, str]
    prints: Mapping[str, CodeFingerprint]

    @property
    def num_tokens(self) -> int:
        return sum(one.token_coverage for one in self.prints.values())


def find_alike(
    submissions: Iterable[Submission], assignment: str, roster: Roster, most: int
) -> Likeness:
    """Returns which answers to an assignment look alike; members of one group are not compared.

    Args:
        submissions: What was handed in.
        assignment: The assignment's name.
        roster: Who takes the course.
        most: How many pairs to return.
    """
    path = places.released_folder(assignment) / f"{assignment}.ipynb"
    released = {name: fingerprint(text) for name, text in read_answers(path, assignment).items()}
    works = [build_work(item, assignment, released) for item in submissions if item.path]
    works = [one for one in works if one.num_tokens >= MIN_TOKENS]
    pairs = [
        compare(one, other)
        for one, other in itertools.combinations(sorted(works, key=lambda one: one.student), 2)
        if other.student not in roster.group_of(one.student)
    ]
    pairs.sort(key=lambda pair: (-pair.share, pair.students))
    median = statistics.median(pair.share for pair in pairs) if pairs else 0.0
    return Likeness(tuple(pairs[:most]), median, len(works))


def read_answers(path: Path, assignment: str) -> dict[str, str]:
    """Returns the code of each question's answer; none of what cannot be read."""
    try:
        content = packed.read(path)[1] if packed.is_zip(path) else path
        cells = notebook.read_cells(content, notebook.Released())
    except notebook.UnreadableNotebook:
        return {}
    names = [question.name for question in tasks.load(assignment).questions]
    # The last definition is the one that stands.
    return {name: cell.source for name in names for cell in cells if name in cell.defines}


def build_work(item: Submission, assignment: str, released: Mapping[str, CodeFingerprint]) -> Work:
    """Returns a student's answers with their fingerprints, without those of what was released."""
    answers = read_answers(item.path, assignment) if item.path else {}
    prints = {
        name: fingerprint(text, released[name].hashes if name in released else ())
        for name, text in answers.items()
    }
    return Work(item.student, answers, prints)


def fingerprint(text: str, known=()) -> CodeFingerprint:
    """Returns the fingerprints of a code, without the `known` ones."""
    boilerplate = np.array(sorted(known), dtype=np.int64)
    return CodeFingerprint(
        "answer.py", LENGTH, WINDOW, boilerplate, language="python", fp=io.StringIO(text)
    )


def compare(one: Work, other: Work) -> Pair:
    """Returns how much two students' answers look alike."""
    shared, alike = 0, []
    for name in one.prints.keys() & other.prints.keys():
        mine, others = one.prints[name], other.prints[name]
        length = min(mine.token_coverage, others.token_coverage)
        if not length:
            continue
        overlap = min(compare_files(mine, others)[0], length)
        shared += overlap
        if overlap >= NEARLY_ALL * length:
            alike.append(name)
    whole = min(one.num_tokens, other.num_tokens)
    return Pair(
        (one.student, other.student),
        min(shared / whole, 1.0),
        tuple(sorted(alike)),
        one.answers == other.answers,
    )
