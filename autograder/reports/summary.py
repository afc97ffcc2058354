"""The screen after a run: a line for each student, the letters, and what is misunderstood."""

from collections import Counter
from collections.abc import Iterator

from rich import box
from rich.columns import Columns
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from vikit.checking import FAILED, MARKS

from autograder.names import printable

__all__ = [
    "LETTERS",
    "build_mistakes_table",
    "build_parts",
    "build_students_table",
    "count_in_words",
]

# One ASCII letter for each status of a question.
LETTERS = {
    "correct": "C", "partial": "P", "wrong": "W", "unanswered": "U", "missing": "M", "error": "E",
    "timeout": "T", "crashed": "X", "malformed": "F", "unexamined": "N", "kit_error": "K",
}  # fmt: skip
UNKNOWN = "?"
# So many letters stand together.
GROUP = 5


def build_parts(verdicts) -> Iterator[RenderableType]:
    """Yields what to print: students and questions by assignment, letters, frequent mistakes."""
    for name in sorted({verdict["assignment"] for verdict in verdicts}):
        graded = [verdict for verdict in verdicts if verdict["assignment"] == name]
        yield Text(
            f"{name}: {count_in_words(graded, 'student')}, {describe_points(graded[0])}",
            "bold",
        )
        yield build_students_table(graded)
        yield build_questions(graded[0])
        yield ""
    if verdicts:
        yield explain_letters(verdicts)
        yield from build_mistakes_table(verdicts)


def describe_points(verdict) -> str:
    """Returns how many points an assignment has, and how many more are given by hand."""
    by_hand = verdict.get("manual_max_score") or 0.0
    more = f" graded automatically, {by_hand:g} by hand" if by_hand else ""
    return f"{verdict['max_score']:g} points{more}"


def count_in_words(things, name) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def build_students_table(verdicts) -> Table:
    """Returns an assignment's table. Long names fold; score and letters stand in one line."""
    table = new_table()
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("student", overflow="fold")
    table.add_column(
        join_in_groups(
            Text(str(number % 10)) for number, _ in enumerate(verdicts[0]["questions"], 1)
        )
    )
    table.columns[-1].no_wrap = True
    for verdict in verdicts:
        table.add_row(
            f"{verdict['score']:g}",
            Text(printable(verdict["student"])),
            join_in_groups(letter(q["status"]) for q in verdict["questions"]),
        )
    return table


def new_table() -> Table:
    return Table(box=box.SIMPLE_HEAD, header_style="bold", padding=(0, 2, 0, 0), pad_edge=False)


def join_in_groups(letters) -> Text:
    """Returns letters as one text, with a space after each five."""
    text = Text()
    for index, each in enumerate(letters):
        text.append(" " if index and index % GROUP == 0 else "").append_text(each)
    return text


def letter(status) -> Text:
    """Returns the letter of a status, in its colour."""
    return Text(LETTERS.get(status, UNKNOWN), MARKS.get(status, FAILED)[1])


def build_questions(verdict) -> Columns:
    """Returns number, name and points of each question, in as many columns as fit."""
    entries = [
        Text(f"{number:>2} {question['name']} ({question['max_score']:g})", overflow="fold")
        for number, question in enumerate(verdict["questions"], 1)
    ]
    return Columns(entries, padding=(0, 2), column_first=True)


def explain_letters(verdicts) -> Text:
    """Returns what the letters mean that stand in the tables."""
    found = {question["status"] for verdict in verdicts for question in verdict["questions"]}
    shown = [status for status in LETTERS if status in found] + sorted(found - set(LETTERS))
    return Text(" ").join(letter(status).append(f"={status}") for status in shown)


def build_mistakes_table(verdicts, most=8) -> Iterator[Table | Text]:
    """Yields the mistakes that are known, the most frequent first; nothing where there is none.

    They are named, or what the answer computes instead was read back.
    """
    counts = Counter(
        (question["name"], known)
        for verdict in verdicts
        for question in verdict["questions"]
        if (known := question["mistake"] or (question.get("read_back") or {}).get("id"))
    )
    if not counts:
        return
    table = new_table()
    table.add_column("students", justify="right", no_wrap=True)
    # One column for both: a long name has the whole line.
    table.add_column("most frequent mistakes", overflow="fold")
    for (question, mistake), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[
        :most
    ]:
        table.add_row(str(count), Text(f"{question}: {mistake}"))
    yield table
    if len(counts) > most:
        yield Text(f"and {count_in_words(list(counts)[most:], 'other')}, each named in its verdict")
