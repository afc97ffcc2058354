"""The table at the end of a run: students by questions, and what the class misunderstands."""

from collections import Counter

from rich.markup import escape
from rich.table import Table
from vikit.checking import FAILED, MARKS


def tables(verdicts):
    """Yields a table for each assignment, then one of the most frequent mistakes."""
    for name in sorted({verdict["assignment"] for verdict in verdicts}):
        yield students(name, [verdict for verdict in verdicts if verdict["assignment"] == name])
    frequent = mistakes(verdicts)
    if frequent.row_count:
        yield frequent


def students(name, verdicts):
    table = Table(title=name, title_justify="left", header_style="bold", pad_edge=False)
    table.add_column("student", overflow="fold", min_width=12)
    for question in verdicts[0]["questions"]:
        table.add_column(f"{question['name'].replace('_', ' ')} ({question['max_score']:g})", max_width=16)
    table.add_column(f"score ({verdicts[0]['max_score']:g})", justify="right")
    for verdict in verdicts:
        cells = [cell(question) for question in verdict["questions"]]
        table.add_row(escape(verdict["student"]), *cells, f"{verdict['score']:g}")
    return table


def cell(question):
    mark, colour = MARKS.get(question["status"], FAILED)
    points = f" {question['score']:g}" if question["score"] else ""
    word = "" if question["status"] == "correct" else f" {question['status']}"
    return f"[{colour}]{mark}{points}{escape(word)}[/]"


def mistakes(verdicts, most=8):
    """Returns a table of the named mistakes, the most frequent first."""
    counts = Counter(
        (question["name"], question["mistake"])
        for verdict in verdicts
        for question in verdict["questions"]
        if question["mistake"]
    )
    table = Table(title="Most frequent mistakes", title_justify="left", header_style="bold", pad_edge=False)
    for heading in ("question", "mistake"):
        table.add_column(heading, overflow="fold")
    table.add_column("students", justify="right")
    for (question, mistake), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]:
        table.add_row(escape(question), escape(mistake), str(count))
    return table
