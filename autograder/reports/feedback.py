"""A student's page: points, what is off and how to mend it; no input, expected value or solution.

It is one file that needs no network: formulas are MathML, and no script is in it.
"""

import ast
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup
from vikit.judging import EDGE, GENERIC, PROPERTY
from vikit.judging.decide import GENERIC_SHARE

from . import charts, mathematics, pages

__all__ = ["Besides", "QuestionView", "explain_points", "feedback_html"]

# What a question's status is called, and what it looks like: a mark, and a class of the style.
WORDS = {
    "correct": ("right", "✓", "good"),
    "partial": ("partly right", "◐", "half"),
    "wrong": ("not right", "✗", "bad"),
    "unanswered": ("not answered", "○", "none"),
    "missing": ("not found", "✗", "bad"),
    "error": ("stopped with an error", "✗", "bad"),
    "timeout": ("took too long", "✗", "bad"),
    "crashed": ("ended the program", "✗", "bad"),
    "malformed": ("wrong shape or type", "✗", "bad"),
    "unexamined": ("not examined", "○", "none"),
    "kit_error": ("the grader failed", "○", "none"),
}
# Outcomes for which an answer that calls this one cannot be right.
OFF = ("wrong", "partial", "error", "timeout", "crashed", "malformed")
UNKNOWN = ("not right", "✗", "bad")
NOT_READ, NOT_COUNTED = ("not read", "○", "none"), ("does not count", "○", "none")
NOTHING = "Nothing could be graded: "
MOST_PICTURES = 2


@dataclass(frozen=True)
class Besides:
    """What a page says besides the verdict.

    Attributes:
        course: What the course is called; "" for nothing.
        date: When the page was written; "" for nothing.
        name: The student's name; "" for nothing.
        standing: The points of the whole assignment, a `Standing` of the course's; None where
            nobody knows.
        grades: By question, what the gradebook has of it, a `QuestionGrade`.
        by_hand: The names of the questions that a person grades.
        remarks: By question, decisions of the instructors, and requests with their answers.
        texts: By question, what the notebook says before it, in Markdown.
        code: By question, what the student handed in.
        sources: By question, where its matter stands, if not where the verdict says.
    """

    course: str = ""
    date: str = ""
    name: str = ""
    standing: Any = None
    grades: Mapping[str, Any] = field(default_factory=dict)
    by_hand: Sequence[str] = ()
    remarks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    code: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class QuestionView:
    """What a page shows of a question.

    Attributes:
        name: Its name.
        score: The points, as the gradebook has them where it does.
        out_of: How many there are.
        words: What the outcome is called.
        mark: A sign for it.
        style: A class of the style.
        question: What the verdict says; empty for one that a person grades.
        grade: What the gradebook has of it; None where nobody knows.
        points: How the points come about, in sentences.
        formulas: What the notebook says of it in formulas.
        text: All that the notebook says before it.
        computed: What the answer computes, in formulas; empty where none says it.
        code: What was handed in; empty for nothing.
        pictures: What the answer gives beside the right values: what is drawn, and the picture.
        calls: Other answers that are not right, and that this one calls.
    """

    name: str
    score: float
    out_of: float
    words: str
    mark: str
    style: str
    question: Mapping[str, Any]
    grade: Any = None
    points: Sequence[str] = ()
    formulas: Sequence[Markup] = ()
    text: str = ""
    computed: Sequence[Markup] = ()
    code: str = ""
    pictures: Sequence[tuple[str, Markup]] = ()
    calls: Sequence[str] = ()


def feedback_html(verdict, besides: Besides | None = None) -> str:
    """Returns the feedback page of one verdict as HTML text.

    Args:
        verdict: The verdict.
        besides: What the page says besides.
    """
    besides = besides or Besides()
    messages = {question["message"] for question in verdict["questions"]}
    nothing = messages.pop() if len(messages) == 1 else ""
    nothing = nothing.removeprefix(NOTHING) if nothing.startswith(NOTHING) else ""
    off = [one["name"] for one in verdict["questions"] if one["status"] in OFF]
    views = [view_of(question, besides, bool(nothing), off) for question in verdict["questions"]]
    by_hand = [name for name in besides.by_hand if name in besides.grades]
    views += [view_by_hand(name, besides, bool(nothing)) for name in by_hand]
    shown = {view.name for view in views}
    # Of the others the table says it all.
    told = [view for view in views if has_more(view, besides, bool(nothing))]
    others = {name: said for name, said in besides.remarks.items() if name not in shown}
    return pages.template("feedback").render(
        verdict=verdict,
        besides=besides,
        nothing=nothing,
        is_absent=nothing.endswith("found nothing."),
        views=views,
        told=told,
        others=others,
        code_styles=pages.code_styles(),
        times=list(times_of(besides.standing)),
        lateness=lateness_of(besides.standing),
        uncounted=sum(1 for view in views if view.grade and not view.grade.out_of),
        open_points=sum(view.out_of for view in views if view.grade and view.grade.waits),
    )


def has_more(view: QuestionView, besides: Besides, is_empty: bool) -> bool:
    """Tells whether there is more to say of a question than points and outcome."""
    question, grade = view.question, view.grade
    if besides.remarks.get(view.name) or (grade and grade.comment):
        return True
    if not question or is_empty:
        return False
    is_changed = bool(grade and grade.by_hand and grade.score != question["score"])
    return question["status"] != "correct" or bool(question["follows"]) or is_changed


def lateness_of(standing: Any) -> str:
    """Returns how late something was handed in, in words."""
    minutes = int(standing.seconds_late // 60) if standing else 0
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    parts = (f"{days} d" * bool(days), f"{hours} h" * bool(hours), f"{minutes} min")
    return " ".join(filter(None, parts))


def times_of(standing: Any) -> Iterator[str]:
    """Yields when an assignment was handed in, and until when there was time, in this zone."""
    for what, time in (
        ("handed in", standing and standing.handed_in),
        ("due", standing and standing.due),
    ):
        if time:
            yield f"{what} {time.astimezone():%Y-%m-%d %H:%M %Z}"


def view_of(question, besides: Besides, is_empty: bool, off: Sequence[str] = ()) -> QuestionView:
    """Returns what a page shows of a question that was graded automatically.

    Args:
        question: What the verdict says of it.
        besides: What the page says besides.
        is_empty: Whether nothing at all could be graded.
        off: The names of the questions that are not right.
    """
    name, grade = question["name"], besides.grades.get(question["name"])
    words, mark, style = NOT_READ if is_empty else WORDS.get(question["status"], UNKNOWN)
    if grade and not grade.out_of:
        words, mark, style = NOT_COUNTED
    elif grade and grade.by_hand:
        words += ", corrected by hand"
    is_shown = question["status"] != "correct" and not is_empty
    is_answered = question["status"] not in ("unanswered", "missing")
    text = besides.texts.get(name, "") if is_shown else ""
    computed = (question.get("read_back") or {}).get("formula", "") if is_shown else ""
    return QuestionView(
        name,
        grade.score if grade else question["score"],
        grade.out_of if grade else question["max_score"],
        words,
        mark,
        style,
        question,
        grade,
        explain_points(question) if is_shown and is_answered else (),
        mathematics.displayed_formulas(text)[-2:],
        mathematics.markdown(text) if text else "",
        # What an argument is taken for stands in no formula: the message says it.
        [formula for formula, note in mathematics.formulas(computed) if not note],
        pages.colour_code(besides.code.get(name, "")) if is_shown and is_answered else "",
        pictures_of(question) if is_shown else (),
        calls_of(besides.code.get(name, ""), name, off) if is_shown and is_answered else (),
    )


def calls_of(code: str, name: str, off: Sequence[str]) -> list[str]:
    """Returns which answers that are not right an answer calls.

    Args:
        code: What was handed in for it.
        name: Its name.
        off: The names of the answers that are not right.
    """
    try:
        with warnings.catch_warnings():
            # Of backslashes in a student's texts.
            warnings.simplefilter("ignore")
            nodes = list(ast.walk(ast.parse(code)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    called = {
        node.func.id
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    own = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    return [other for other in off if other in called - own and other != name]


def pictures_of(question) -> list[tuple[str, Markup]]:
    """Returns the first pictures of an answer, each with what it shows."""
    # Verdicts of earlier versions have none.
    return [
        (values["label"], charts.picture(values))
        for values in question.get("pictures", ())[:MOST_PICTURES]
    ]


def view_by_hand(name: str, besides: Besides, is_empty: bool) -> QuestionView:
    """Returns what a page shows of a question that a person grades.

    Args:
        name: Its name.
        besides: What the page says besides.
        is_empty: Whether nothing at all could be graded.
    """
    grade = besides.grades[name]
    if not grade.out_of:
        words = NOT_COUNTED
    elif grade.waits:
        words = ("waits for a person", "○", "none")
    elif grade.by_hand:
        words = ("graded by hand", "✓" if grade.score == grade.out_of else "◐", "half")
    else:
        words = NOT_READ if is_empty else ("not answered", "○", "none")
    return QuestionView(name, grade.score, grade.out_of, *words, {}, grade)


def explain_points(question) -> list[str]:
    """Returns how the points of a question that is not right come about, in sentences."""
    cases = question["cases"]
    by_kind = {
        kind: [case for case in cases if case.get("kind") == kind]
        for kind in (GENERIC, EDGE, PROPERTY)
    }
    generic, edges, properties = by_kind.values()

    def worth(of_kind, share) -> str:
        """Returns the points that some cases gave, of how many unless the verdict cannot tell."""
        gave = f"{points_of(of_kind):g}"
        if properties and len(properties) < len(cases):
            return f"{gave} points"
        return f"{gave} of {share * question['max_score']:.4g} points"

    said = []
    if generic:
        share = GENERIC_SHARE if edges else 1.0
        said.append(f"Ordinary inputs: {count_right(generic)} right ({worth(generic, share)}).")
    if edges:
        rule = f"they count only if all {len(generic) + len(edges)} cases are right"
        edge_points = worth(edges, 1 - GENERIC_SHARE)
        said.append(f"Edge cases: {count_right(edges)} right ({edge_points}: {rule}).")
    if properties:
        said.append(f"Properties: {count_right(properties)} right ({worth(properties, 1)}).")
    if question["status"] in ("error", "malformed"):
        said.append(
            "What else may be off shows when this is mended: run `check()` in the notebook again."
        )
    return said


def count_right(cases) -> str:
    return f"{sum(case['passed'] for case in cases)} of {len(cases)}"


def points_of(cases) -> float:
    return round(sum(case["points"] for case in cases), 2)
