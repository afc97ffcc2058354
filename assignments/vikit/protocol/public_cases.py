"""The JSON file of public cases: the build writes it, `check` reads it, inputs are exact."""

import json
from dataclasses import asdict
from typing import Any

from .. import judging
from . import term_values
from .number_text import dump_argument, load_argument, load_arrays, round_to_lists

__all__ = [
    "EXPECTED_STEP",
    "FILE_NAME",
    "WRONG_STEP",
    "dump",
    "dump_question",
    "format_content",
    "load_question",
    "read",
    "read_names",
    "read_points",
]


FILE_NAME = "public_cases.json"
# The rounding step of values, as a share of the question's tolerance: smaller digits differ between
# processors. Mistakes are recognised within the tolerance, so their values need fewer digits.
EXPECTED_STEP, WRONG_STEP = 1e-6, 0.1


def dump(assignment, questions, manual_points) -> str:
    """Returns the text of the public cases file of an assignment.

    Args:
        assignment: Its name.
        questions: The `judging.DrawnQuestion`s with the public inputs.
        manual_points: A dict from the names of the questions that a person grades to their points.
    """
    content = {
        "assignment": assignment,
        "manual_points": manual_points,
        "questions": [dump_question(question) for question in questions],
    }
    return format_content(content)


def format_content(content) -> str:
    """Returns the text of a public cases file with this content."""
    return format_json(content) + "\n"


def read(path) -> tuple[str, dict[str, judging.DrawnQuestion]]:
    """Returns (assignment, dict from name to `judging.DrawnQuestion`) of a public cases file."""
    content = json.loads(path.read_text(encoding="utf-8"))
    questions = [load_question(question) for question in content["questions"]]
    return content["assignment"], {question.name: question for question in questions}


def read_points(path) -> tuple[str, list[float]]:
    """Returns (name of the assignment, points of each question) of a public cases file."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return content["assignment"], [question["points"] for question in content["questions"]]


def read_names(path) -> tuple[str, list[str], list[str]]:
    """Returns (assignment, names of its questions, names of those that a person grades)."""
    content = json.loads(path.read_text(encoding="utf-8"))
    names = [question["name"] for question in content["questions"]]
    return content["assignment"], names, list(content["manual_points"])


def format_json(content, indent="") -> str:
    """Returns JSON with one line for each entry; an array of any shape is one entry."""
    inner = indent + " "
    if isinstance(content, dict) and content:
        entries = [
            f"{inner}{json.dumps(key)}: {format_json(item, inner)}" for key, item in content.items()
        ]
        return "{\n" + ",\n".join(entries) + f"\n{indent}}}"
    if isinstance(content, list) and any(isinstance(item, dict) for item in content):
        return (
            "[\n"
            + ",\n".join(inner + format_json(item, inner) for item in content)
            + f"\n{indent}]"
        )
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


# Fields that are written only where they differ from these values.
OPTIONAL_FIELDS = {"sampled": False, "seconds": None}


def dump_question(question: judging.DrawnQuestion) -> dict[str, Any]:
    options = {
        name: getattr(question, name)
        for name, usual in OPTIONAL_FIELDS.items()
        if getattr(question, name) != usual
    }
    return {
        "name": question.name,
        "points": question.points,
        "source": question.source,
        "outputs": list(question.outputs),
        "shape": question.shape,
        "atol": question.atol,
        "rtol": question.rtol,
        **options,
        "mistakes": [dump_mistake(mistake) for mistake in question.mistakes],
        "cases": [dump_case(question, case) for case in question.cases],
        **(term_values.dump(question) if question.terms else {}),
        **(dump_properties(question.properties) if question.properties else {}),
    }


def dump_mistake(mistake: judging.Mistake) -> dict[str, str]:
    """Returns a mistake's fields, without a repair where it has none."""
    fields = asdict(mistake)
    return fields if mistake.repair else {key: fields[key] for key in fields if key != "repair"}


def dump_properties(properties) -> dict[str, Any]:
    """Returns a question's properties; each mistake is written once, and referred to by index."""
    mistakes = list(dict.fromkeys(mistake for item in properties for mistake in item.mistakes))
    listed = [
        {**asdict(item), "mistakes": [mistakes.index(mistake) for mistake in item.mistakes]}
        for item in properties
    ]
    return {
        "mistakes_of_properties": [dump_mistake(mistake) for mistake in mistakes],
        "properties": listed,
    }


def load_question(content) -> judging.DrawnQuestion:
    return judging.DrawnQuestion(
        **{key: content[key] for key in ("name", "points", "source", "shape", "atol", "rtol")},
        **{name: content.get(name, usual) for name, usual in OPTIONAL_FIELDS.items()},
        outputs=tuple(content["outputs"]),
        mistakes=tuple(judging.Mistake(**mistake) for mistake in content["mistakes"]),
        cases=tuple(load_case(case) for case in content["cases"]),
        **term_values.load(content),
        properties=load_properties(
            content.get("properties", ()), content.get("mistakes_of_properties", ())
        ),
    )


def load_properties(listed, mistakes) -> tuple[judging.Property, ...]:
    """Returns the properties whose mistakes are given as indices into `mistakes`."""
    mistakes = [judging.Mistake(**mistake) for mistake in mistakes]
    return tuple(
        judging.Property(
            **{**item, "mistakes": tuple(mistakes[index] for index in item["mistakes"])}
        )
        for item in listed
    )


def dump_case(question: judging.DrawnQuestion, case: judging.DrawnCase) -> dict[str, Any]:
    def values(arrays, step) -> list[Any]:
        return [
            round_to_lists(array, question.atol * step, question.rtol * step) for array in arrays
        ]

    return {
        "name": case.name,
        "kind": case.kind,
        "sizes": case.sizes,
        "careful": case.careful,
        "remark": case.remark,
        "arguments": [dump_argument(argument) for argument in case.arguments],
        "expected": values(case.expected, EXPECTED_STEP),
        "wrong": {
            name: [values(arrays, WRONG_STEP) for arrays in variants]
            for name, variants in case.wrong.items()
        },
    }


def load_case(content) -> judging.DrawnCase:
    return judging.DrawnCase(
        name=content["name"],
        kind=content["kind"],
        sizes=content["sizes"],
        careful=content["careful"],
        remark=content["remark"],
        arguments=tuple(load_argument(argument) for argument in content["arguments"]),
        expected=load_arrays(content["expected"]),
        wrong={
            name: tuple(load_arrays(values) for values in variants)
            for name, variants in content["wrong"].items()
        },
    )
