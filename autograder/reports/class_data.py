"""What a class's verdicts say together: scores, questions, mistakes, who fails what."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from statistics import median
from typing import Any

from .unnamed import group_unnamed

__all__ = ["SCHEMA", "assignment_data", "class_data", "without_names"]

SCHEMA = 2
# So many students must fail a question, and so many of them another one, and by so much more often
# than the others, before it is said.
MIN_FAILED, MIN_BOTH, MIN_MORE = 5, 3, 0.2
MOST_PAIRS, MOST_CASES, MOST_GROUPS = 8, 5, 10
TROUBLE = ("timeout", "crashed", "kit_error")
# How many cases a student's answer fails, which begins their message.
COUNTED = re.compile(r"^Not right on \d+ of \d+ cases[^.]*\.\s*")
FAILED = ("wrong", "partial", "malformed", "error")


def class_data(verdicts: Sequence[dict[str, Any]], course: Any) -> dict[str, Any]:
    """Returns all that the report says, as JSON data.

    Args:
        verdicts: The documents of all verdicts.
        course: The `reports.course.Course`: points of today, names and sections.
    """
    names = sorted({one["assignment"] for one in verdicts})
    return {
        "schema": SCHEMA,
        "course": course.title,
        "date": course.date,
        "assignments": [
            assignment_data([one for one in verdicts if one["assignment"] == name], course)
            for name in names
        ],
    }


def assignment_data(verdicts: Sequence[dict[str, Any]], course: Any) -> dict[str, Any]:
    """Returns what the verdicts on one assignment say together."""
    handed_in = [one for one in verdicts if one.get("submission_sha256")]
    rows = [row_of(one, course) for one in verdicts]
    return {
        "name": verdicts[0]["assignment"],
        "students": len(verdicts),
        "handed_in": len(handed_in),
        "waiting": sum(row["waiting"] for row in rows),
        "percents": [row["percent"] for row in rows if row["handed_in"]],
        "questions": list(questions_of(handed_in, course.seconds)),
        "trouble": list(trouble_in(handed_in)),
        "together": together(handed_in),
        "sections": sections_of(rows),
        "rows": rows,
    }


def row_of(verdict: dict[str, Any], course: Any) -> dict[str, Any]:
    """Returns a student's line: points of today where the gradebook has them."""
    student = verdict["student"]
    standing = course.standings.get((student, verdict["assignment"]))
    most = verdict["max_score"]
    automatic = round(100 * verdict["score"] / most, 2) if most else 0.0
    return {
        "student": student,
        "name": course.names.get(student, ""),
        "section": course.sections.get(student, ""),
        "handed_in": bool(verdict.get("submission_sha256")),
        "percent": standing.percent if standing else automatic,
        "waiting": standing.to_grade_by_hand if standing else 0,
        "outcomes": [question["status"] for question in verdict["questions"]],
    }


def questions_of(
    verdicts: Sequence[dict[str, Any]], seconds: Mapping[tuple[str, str], Mapping[str, float]]
) -> Iterator[dict[str, Any]]:
    """Yields what a class made of each question that is graded automatically.

    Args:
        verdicts: The documents of the verdicts on one assignment.
        seconds: How long each question was asked, by student and assignment.
    """
    groups = group_unnamed(verdicts)
    own_seconds = [seconds.get((one["student"], one["assignment"]), {}) for one in verdicts]
    # Those of another version of the kit may have other questions.
    by_name: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for one in verdicts:
        for asked in one["questions"]:
            by_name[asked["name"]].append((one["student"], asked))
    for name, own in by_name.items():
        shares = [asked["score"] / asked["max_score"] for _, asked in own if asked["max_score"]]
        yield {
            "name": name,
            "out_of": own[0][1]["max_score"],
            "mean_share": round(sum(shares) / len(shares), 4) if shares else 0.0,
            "seconds": seconds_of(name, own_seconds),
            "statuses": dict(Counter(asked["status"] for _, asked in own)),
            "mistakes": list(mistakes_in(own)),
            "groups": [
                {"students": group.students}
                for group in groups
                if group.question == name and len(group.students) > 1
            ][:MOST_GROUPS],
            "hardest": hardest_cases(asked for _, asked in own),
        }


def seconds_of(name: str, own: Sequence[Mapping[str, float]]) -> dict[str, float] | None:
    """Returns how long a question was asked, at the median and at most; None where nobody knows.

    Args:
        name: The question's name.
        own: By question, how long it was asked, for each notebook.
    """
    times = [one[name] for one in own if name in one]
    return {"median": round(median(times), 3), "longest": max(times)} if times else None


def mistakes_in(own: Sequence[tuple[str, dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Yields each mistake of a question, named or read back, with who makes it: the most first."""
    found: dict[str, list[str]] = defaultdict(list)
    hints: dict[str, str] = {}
    for student, asked in own:
        known = asked["mistake"] or (asked.get("read_back") or {}).get("id")
        if known:
            found[known].append(student)
            hints.setdefault(known, COUNTED.sub("", asked["message"]))
    for name, students in sorted(found.items(), key=lambda item: (-len(item[1]), item[0])):
        yield {"name": name, "students": students, "message": hints[name]}


def hardest_cases(questions) -> list[dict[str, Any]]:
    """Returns the cases that most fail, of those who answered: the hardest first."""
    failed: Counter[str] = Counter()
    asked_of: Counter[str] = Counter()
    for asked in questions:
        for case in asked["cases"] if asked["status"] in (*FAILED, "correct") else ():
            title = case.get("title") or case["name"]
            asked_of[title] += 1
            failed[title] += not case["passed"]
    return [
        {"case": case, "failed": count, "of": asked_of[case]}
        for case, count in failed.most_common(MOST_CASES)
        if count
    ]


def trouble_in(verdicts: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields what took too long, ended the program, or failed on the kit's side."""
    for one in verdicts:
        for asked in one["questions"]:
            if asked["status"] in TROUBLE:
                yield {
                    "student": one["student"],
                    "question": asked["name"],
                    "status": asked["status"],
                    "message": asked["message"],
                }


def together(verdicts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns pairs of questions: who fails the first fails the second more often than the others.

    Of those who answered both; by how much more, the most first.
    """
    fails: dict[str, dict[str, bool]] = defaultdict(dict)
    for one in verdicts:
        for asked in one["questions"]:
            if asked["status"] in (*FAILED, "correct"):
                fails[asked["name"]][one["student"]] = asked["status"] != "correct"
    found: list[dict[str, Any]] = []
    for first, second in permutations(fails, 2):
        both = fails[first].keys() & fails[second].keys()
        those = [fails[second][student] for student in both if fails[first][student]]
        others = [fails[second][student] for student in both if not fails[first][student]]
        if len(those) >= MIN_FAILED and sum(those) >= MIN_BOTH and others:
            share, usual = sum(those) / len(those), sum(others) / len(others)
            if share - usual >= MIN_MORE:
                found.append(
                    {
                        "first": first,
                        "second": second,
                        "share": round(share, 4),
                        "others": round(usual, 4),
                        "of": len(those),
                    }
                )
    return sorted(found, key=lambda pair: pair["others"] - pair["share"])[:MOST_PAIRS]


def sections_of(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns how the sections of a class did; nothing where there is one alone."""
    by_section: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row["handed_in"]:
            by_section[row["section"]].append(row["percent"])
    if len(by_section) < 2:
        return []
    return [
        {
            "section": section,
            "students": len(percents),
            "mean": round(sum(percents) / len(percents), 2),
        }
        for section, percents in sorted(by_section.items())
    ]


def without_names(data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the same for a class to see: counts in the place of students, and no line of one."""

    def counted(question: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **question,
            "mistakes": [{**one, "students": len(one["students"])} for one in question["mistakes"]],
            "groups": [{"students": len(one["students"])} for one in question["groups"]],
        }

    return {
        **data,
        "assignments": [
            {
                **one,
                "rows": [],
                "trouble": [],
                "questions": [counted(question) for question in one["questions"]],
            }
            for one in data["assignments"]
        ],
    }
