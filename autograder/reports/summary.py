"""The table at the end of a run: students by questions, and what the class misunderstands."""

from collections import Counter

from rich import box
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from vikit.checking import FAILED, MARKS

from autograder.names import printable


def tables(verdicts):
    """Yields a table for each assignment, then one of the most frequent mistakes."""
    for name in sorted({verdict["assignment"] for verdict in verdicts}):
        yield students(name, [verdict for verdict in verdicts if verdict["assignment"] == name])
    frequent = mistakes(verdicts)
    if frequent.row_count:
        yield frequent


def students(name, verdicts):
    """Returns the table of one assignment: a row for each student, a numbered column for each question."""
    questions = verdicts[0]["questions"]
    legend = [
        f"{number} {question['name']} ({question['max_score']:g})" for number, question in enumerate(questions, 1)
    ]
    table = Table(title=name, title_justify="left", header_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.caption, table.caption_justify = (
        "; ".join(legend) + "; ○ unanswered, ◐ partial; kit_error: the kit failed",
        "left",
    )
    longest = max(len(printable(verdict["student"])) for verdict in verdicts)
    table.add_column("student", overflow="fold", min_width=min(longest, 24))
    for number in range(1, len(questions) + 1):
        table.add_column(str(number))
    table.add_column(f"score ({verdicts[0]['max_score']:g})", justify="right", no_wrap=True)
    for verdict in verdicts:
        cells = [cell(question) for question in verdict["questions"]]
        table.add_row(Text(printable(verdict["student"])), *cells, f"{verdict['score']:g}")
    return table


def cell(question):
    """Returns a question's points, or the status in one word, in the status' colour."""
    mark, colour = MARKS.get(question["status"], FAILED)
    points = f" {question['score']:g}" if question["score"] else ""
    shown = f"{mark}{points}" if question["status"] in MARKS else escape(question["status"]) + points
    return f"[{colour}]{shown}[/]"


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
