"""What students ask about their grades, and what they are answered: `requests.csv`."""

from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

from autograder.files import alone
from autograder.places import FaultyFile

from .tables import read_rows, write_rows

__all__ = ["Request", "answer_request", "ask", "read_requests"]

NAME = "requests.csv"
NEEDED = ("student", "assignment", "question", "asks")


@dataclass(frozen=True)
class Request:
    """A request to look at a grade again.

    Attributes:
        student: The student's id.
        assignment: The assignment's name.
        question: The question's name.
        asks: What the student asks.
        asked: When it was written down, in UTC, as ISO 8601 writes it.
        answer: What the student is answered; "" while nobody has.
        author: Who answered.
        answered: When, as `asked`.
    """

    student: str
    assignment: str
    question: str
    asks: str
    asked: str = ""
    answer: str = ""
    author: str = ""
    answered: str = ""


COLUMNS = tuple(column.name for column in fields(Request))


def read_requests(folder) -> list[Request]:
    """Returns all requests in a course's folder, the oldest first.

    Raises:
        FaultyFile: If `requests.csv` cannot be read; the text says which line.
    """
    path = Path(folder, NAME)
    if not path.is_file():
        return []
    found = []
    for line, row in read_rows(path, COLUMNS, NEEDED):
        for column in NEEDED:
            if not row[column]:
                raise FaultyFile(f"{path}, line {line}: {column} is missing")
        found.append(Request(**{name: row.get(name, "") for name in COLUMNS}))
    return found


def ask(folder, request: Request, waiting=lambda: None) -> None:
    """Adds a request.

    Args:
        folder: The course's folder.
        request: The request.
        waiting: Called if another process is writing there.

    Raises:
        FaultyFile: If what is there cannot be read.
        OSError: If it cannot be written: nothing has changed then.
    """
    with alone(Path(folder, ".lock"), waiting):
        write_requests(folder, [*read_requests(folder), request])


# Not fewer arguments: whose request it is, and what it is answered.
def answer_request(folder, wanted: Request, answer: str, author: str, answered: str) -> bool:
    """Answers the requests on a question that have no answer; tells whether there was one.

    Args:
        folder: The course's folder.
        wanted: Says student, assignment and question.
        answer: The answer.
        author: Who answers.
        answered: When, in UTC.

    Raises:
        FaultyFile: If what is there cannot be read.
        OSError: If it cannot be written: nothing has changed then.
    """
    with alone(Path(folder, ".lock"), lambda: None):
        every = read_requests(folder)
        answered_now = [
            replace(one, answer=answer, author=author, answered=answered)
            if is_on(one, wanted) and not one.answer
            else one
            for one in every
        ]
        if answered_now == every:
            return False
        write_requests(folder, answered_now)
        return True


def is_on(one: Request, other: Request) -> bool:
    """Tells whether two requests are one student's on one question."""
    return (one.student, one.assignment, one.question) == (
        other.student,
        other.assignment,
        other.question,
    )


def write_requests(folder, every: list[Request]) -> None:
    write_rows(Path(folder, NAME), COLUMNS, map(astuple, every))
