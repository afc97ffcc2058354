"""grades.csv: a row for each student and assignment."""

import unicodedata
from collections import Counter, defaultdict
from typing import Any

__all__ = ["grades_csv", "is_formula", "make_harmless", "mixed_versions"]

COLUMNS = ("student", "name", "assignment", "score", "max_score", "manual_max_score", "kit_version")
# After these: the points so far with those given by hand and the penalty, what they are out of, the
# same out of 100, how many answers wait for a person, how many days late it is, what that costs.
STANDING = ("total", "out_of", "percent", "to_grade_by_hand", "days_late", "penalty")
# The last column: why there are zeros.
REASONS = "reasons"
MAX_REASON = 160
# A message says more than these; the others speak for themselves.
TOLD_BY_MESSAGE = ("missing", "error", "timeout", "crashed", "kit_error", "unexamined")
# A spreadsheet would take a cell that begins with one of these for a formula;
# the last is the minus sign of typography.
FORMULA = ("=", "+", "-", "@", "\u2212")
# What may end a cell or a row, in one country or another.
QUOTED = frozenset(',;\t"\r\n')
# Letters without a glyph.
BLANK = "\u115f\u1160\u2800"


def grades_csv(verdicts, standings=None, names=None) -> str:
    """Returns all grades as CSV text: totals, all questions' scores, and why there are zeros.

    Args:
        verdicts: A row each.
        standings: What the gradebook says of submissions, by student and assignment; the cells of
            those that it does not know are empty.
        names: The names of students, by their ids.
    """
    questions = list(
        dict.fromkeys(question["name"] for verdict in verdicts for question in verdict["questions"])
    )
    lines = [format_line([*COLUMNS, *STANDING, *questions, REASONS])]
    for verdict in sorted(
        verdicts, key=lambda verdict: (verdict["assignment"], verdict["student"])
    ):
        scores = {question["name"]: question["score"] for question in verdict["questions"]}
        row = [
            *(
                {**verdict, "name": (names or {}).get(verdict["student"], "")}[column]
                for column in COLUMNS
            ),
            *standing_cells(verdict, standings or {}),
            *(scores.get(name, "") for name in questions),
            reasons(verdict),
        ]
        lines.append(format_line(map(make_harmless, row)))
    return "".join(lines)


def standing_cells(verdict, standings) -> list[Any]:
    """Returns what the gradebook says of a row; who has handed in nothing does not stand there."""
    standing = standings.get((verdict["student"], verdict["assignment"]))
    if standing is None:
        is_absent = standings and verdict.get("submission_sha256") is None
        others = (one for (_, name), one in standings.items() if name == verdict["assignment"])
        out_of = max((one.out_of for one in others), default="")
        return [0.0, out_of, 0.0, 0, 0, 0.0] if is_absent else ["" for _ in STANDING]
    return [getattr(standing, name) for name in STANDING]


def format_line(cells) -> str:
    """Returns one line of CSV text.

    The csv module of Python 3.11 quotes no carriage return, and none a separator that is another
    country's.
    """
    return ",".join(map(quote, cells)) + "\n"


def quote(cell) -> str:
    text = str(cell)
    return '"' + text.replace('"', '""') + '"' if set(text) & QUOTED else text


def reasons(verdict) -> str:
    """Returns why questions have 0 points, like ones together: "unanswered: f, g; kl: h"."""
    named = defaultdict(list)
    for question in verdict["questions"]:
        if not question["score"]:
            named[reason(question)].append(question["name"])
    if len(named) == 1 and len(verdict["questions"]) == len(next(iter(named.values()))):
        return f"all questions: {next(iter(named))}"
    return "; ".join(f"{', '.join(names)}: {why}" for why, names in named.items())


def reason(question) -> str:
    """Returns why a question has 0 points: the mistake, or the status and the message's start."""
    if question["mistake"] or question["status"] not in TOLD_BY_MESSAGE:
        return question["mistake"] or question["status"]
    said = (question["message"].splitlines() or [""])[0].strip()
    said = said if len(said) <= MAX_REASON else said[:MAX_REASON] + " ..."
    return f"{question['status']} ({said})" if said else question["status"]


def mixed_versions(verdicts) -> str:
    """Returns in words how many verdicts come from which version of the kit; "" for one version."""
    counts = Counter(verdict["kit_version"] for verdict in verdicts)
    said = [
        f"{version} ({count} verdict{'' if count == 1 else 's'})"
        for version, count in sorted(counts.items())
    ]
    return ", ".join(said) if len(said) > 1 else ""


def make_harmless(value) -> Any:
    """Returns a cell that a spreadsheet takes for text. Different texts stay different."""
    return f"'{value}" if isinstance(value, str) and is_formula(value) else value


def is_formula(text) -> bool:
    """Tells whether a spreadsheet may take a text for a formula, in any width of its characters.

    What a spreadsheet does not show or strips does not count.
    """
    # Quote marks in front do not count: with ours before it, the text must be no other's.
    if text.lstrip("'").startswith(("\t", "\r", "\n")):
        return True
    visible = (
        letter
        for letter in unicodedata.normalize("NFKD", text)
        if is_visible(letter) and letter != "'"
    )
    return next(visible, "") in FORMULA


def is_visible(letter) -> bool:
    # Not a control or format character, no space, and no accent by itself.
    return unicodedata.category(letter)[0] not in "CZM" and letter not in BLANK
