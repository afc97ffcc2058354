"""grades.csv: a row for each student and assignment."""

import csv
import io
from collections import Counter, defaultdict

COLUMNS = ("student", "assignment", "score", "max_score", "manual_max_score", "kit_version")
# The last column: why there are zeros.
REASONS = "reasons"
MAX_REASON = 160
# A message says more than these; the others speak for themselves.
TOLD_BY_MESSAGE = ("missing", "error", "timeout", "crashed", "kit_error", "unexamined")
# A spreadsheet would take a cell that begins with one of these for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def grades_csv(verdicts):
    """Returns the gradebook as CSV text: totals, the score of every question of any assignment, and why there are zeros."""
    questions = list(dict.fromkeys(question["name"] for verdict in verdicts for question in verdict["questions"]))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *questions, REASONS])
    for verdict in sorted(verdicts, key=lambda verdict: (verdict["assignment"], verdict["student"])):
        scores = {question["name"]: question["score"] for question in verdict["questions"]}
        row = [
            *(verdict[column] for column in COLUMNS),
            *(scores.get(name, "") for name in questions),
            reasons(verdict),
        ]
        writer.writerow([harmless(value) for value in row])
    return text.getvalue()


def reasons(verdict):
    """Returns why questions have 0 points, those with the same reason together: "unanswered: f, g; kl_sign_flipped: h"."""
    named = defaultdict(list)
    for question in verdict["questions"]:
        if not question["score"]:
            named[reason(question)].append(question["name"])
    if len(named) == 1 and len(verdict["questions"]) == len(next(iter(named.values()))):
        return f"all questions: {next(iter(named))}"
    return "; ".join(f"{', '.join(names)}: {why}" for why, names in named.items())


def reason(question):
    """Returns why a question has 0 points: the mistake's name, or the status with what the message says first."""
    if question["mistake"] or question["status"] not in TOLD_BY_MESSAGE:
        return question["mistake"] or question["status"]
    said = (question["message"].splitlines() or [""])[0].strip()
    said = said if len(said) <= MAX_REASON else said[:MAX_REASON] + " ..."
    return f"{question['status']} ({said})" if said else question["status"]


def mixed_versions(verdicts):
    """Returns in words how many verdicts come from which version of the kit; nothing where they come from one."""
    counts = Counter(verdict["kit_version"] for verdict in verdicts)
    said = [f"{version} ({count} verdict{'' if count == 1 else 's'})" for version, count in sorted(counts.items())]
    return ", ".join(said) if len(said) > 1 else ""


def harmless(value):
    """Returns a cell that a spreadsheet takes for text, and for one cell."""
    if not isinstance(value, str):
        return value
    # Python 3.11 does not quote a carriage return, which would begin another row.
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if value.startswith(FORMULA) else text
