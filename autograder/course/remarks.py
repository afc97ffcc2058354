"""What a student's feedback says of decisions and requests, beside the verdict."""

from collections import defaultdict
from collections.abc import Container, Iterable

from .corrections import FULL, POINTS, WEIGHT, Correction, Decisions
from .requests import Request

__all__ = ["remarks_for"]


# Not fewer arguments: whose remarks, on what, and what was decided and asked.
def remarks_for(
    student: str,
    questions: Iterable[str],
    decisions: Decisions,
    overruled: Container[str],
    requests: Iterable[Request],
) -> dict[str, list[str]]:
    """Returns what stands beside each question: decisions on it, requests and their answers.

    Args:
        student: The student's id.
        questions: The questions' names, and those of questions in words.
        decisions: The decisions on the assignment.
        overruled: The ids of decisions after which somebody gave this student other points.
        requests: The requests on the assignment, of all students.
    """
    found = defaultdict(list)
    for question in questions:
        for one in decisions.on(student, question):
            if one.id not in overruled:
                found[question].append(describe_decision(one))
    for request in requests:
        if request.student == student:
            found[request.question] += describe_request(request)
    return dict(found)


def describe_decision(one: Correction) -> str:
    of = f" of {one.out_of:g}" if one.out_of else ""
    said = {
        POINTS: f"Corrected to {one.points:g}{of} points.",
        FULL: "Everybody has all points for this question.",
        WEIGHT: f"This question is out of {one.points:g} points now."
        if one.points
        else "This question does not count.",
    }[one.kind]
    return " ".join(filter(None, (said, one.why, in_brackets(one.author, day(one.time)))))


def describe_request(request: Request) -> list[str]:
    asked = in_brackets(day(request.asked))
    said = [f"{' '.join(filter(None, ('You asked', asked)))}: {request.asks}"]
    if request.answer:
        answered = in_brackets(request.author, day(request.answered))
        said.append(f"{' '.join(filter(None, ('Answer', answered)))}: {request.answer}")
    else:
        said.append("This has not been answered yet.")
    return said


def in_brackets(*texts: str) -> str:
    """Returns what is known of several texts, in brackets; "" for nothing."""
    known = ", ".join(filter(None, texts))
    return f"({known})" if known else ""


def day(time: str) -> str:
    """Returns the date of a time as ISO 8601 writes it."""
    return time.partition("T")[0]
