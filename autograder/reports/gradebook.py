"""grades.csv: a row for each student and assignment."""

import csv
import io
from collections import Counter

COLUMNS = ("student", "assignment", "score", "max_score", "manual_max_score", "kit_version")
# A spreadsheet would take a cell that begins with one of these for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def grades_csv(verdicts):
    """Returns the gradebook as CSV text: totals, then the score of every question of any assignment."""
    questions = list(dict.fromkeys(question["name"] for verdict in verdicts for question in verdict["questions"]))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *questions])
    for verdict in sorted(verdicts, key=lambda verdict: (verdict["assignment"], verdict["student"])):
        scores = {question["name"]: question["score"] for question in verdict["questions"]}
        row = [*(verdict[column] for column in COLUMNS), *(scores.get(name, "") for name in questions)]
        writer.writerow([harmless(value) for value in row])
    return text.getvalue()


def mixed_versions(verdicts):
    """Returns in words how many verdicts come from which version of the kit; nothing where they come from one."""
    counts = Counter(verdict["kit_version"] for verdict in verdicts)
    said = [f"{version} ({count} verdict{'' if count == 1 else 's'})" for version, count in sorted(counts.items())]
    return ", ".join(said) if len(said) > 1 else ""


def harmless(value):
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
