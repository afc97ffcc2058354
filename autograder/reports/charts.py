"""Charts of reports and of students' pages, by Vega-Lite, as SVG: no script draws them."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from statistics import mean, pstdev
from typing import Any

import vl_convert
from markupsafe import Markup

__all__ = ["outcomes", "picture", "scores"]

VEGA_LITE = "5.20"
WIDTH = 520
# From right to wrong, apart for colour-blind people too, in light and dark.
COLOURS = {
    "right": "#2da44e",
    "partly right": "#d4a72c",
    "not right": "#cf4b52",
    "not answered": "#8c959f",
}
KINDS = {"correct": "right", "partial": "partly right", "unanswered": "not answered"}
# An answer and the right one, apart in light and dark.
ANSWERS = {"right": "#8c959f", "yours": "#2f81f7"}
# How far beyond the right values an answer's are drawn, as a share of what they span.
BEYOND = 1.0
# How much of an answer is seen at least, as a share of its numbers.
LEAST_SHOWN = 0.25
INK = "currentColor"
CONFIG = {
    "background": "transparent",
    # A browser's letters may be wider than those that were measured.
    "padding": {"left": 60, "top": 5, "right": 20, "bottom": 5},
    "view": {"stroke": None},
    "font": "system-ui, sans-serif",
    "axis": {"labelColor": INK, "titleColor": INK, "gridOpacity": 0.25, "labelLimit": 260},
    "legend": {"labelColor": INK, "titleColor": INK},
}


# But for its questions.
OUTCOMES: dict[str, Any] = {
    "width": WIDTH,
    "height": {"step": 20},
    "mark": "bar",
    "encoding": {
        "x": {
            "field": "students",
            "type": "quantitative",
            "title": "students",
        },
        "order": {"field": "order"},
        "color": {
            "field": "outcome",
            "scale": {"domain": list(COLOURS), "range": list(COLOURS.values())},
            "legend": {"orient": "top", "title": None},
        },
    },
}


def to_svg(spec: Mapping[str, Any], label: str) -> Markup:
    """Returns a chart as SVG.

    Args:
        spec: What Vega-Lite draws.
        label: What it shows, for those who do not see it.
    """
    svg = vl_convert.vegalite_to_svg({**spec, "config": CONFIG}, vl_version=VEGA_LITE)
    # It is one picture, and its parts say nothing by themselves.
    opening = Markup('<svg role="img" aria-label="{}"').format(label)
    return Markup(f"{opening}{svg.removeprefix('<svg')}")


def scores(percents: Sequence[float]) -> Markup:
    """Returns how many students have how many points, in steps of ten, as SVG."""
    counts = [0] * 10
    for percent in percents:
        counts[min(int(max(percent, 0.0) // 10), 9)] += 1
    values = [
        {"points": f"{10 * step} to {10 * step + 10}", "order": step, "students": count}
        for step, count in enumerate(counts)
    ]
    label = "Students by points out of 100: " + ", ".join(
        f"{one['points']}: {one['students']}" for one in values if one["students"]
    )
    order = {"field": "order"}
    return to_svg(
        {
            "width": WIDTH,
            "height": 150,
            "data": {"values": values},
            "mark": {"type": "bar", "color": "#4f8fdd"},
            "encoding": {
                "x": {"field": "points", "type": "ordinal", "sort": order, "title": "out of 100"},
                "y": {
                    "field": "students",
                    "type": "quantitative",
                    "axis": whole_numbers(max(counts)),
                },
            },
        },
        label,
    )


def outcomes(questions: Sequence[Mapping[str, Any]]) -> Markup:
    """Returns what became of each question, a bar each, as SVG."""
    values = [
        {"question": question["name"], "outcome": outcome, "order": order, "students": count}
        for question in questions
        for order, outcome in enumerate(COLOURS)
        if (count := count_of(question["statuses"], outcome))
    ]
    label = "Outcomes by question: " + "; ".join(
        f"{question['name']} "
        + ", ".join(
            f"{count} {outcome}"
            for outcome in COLOURS
            if (count := count_of(question["statuses"], outcome))
        )
        for question in questions
    )
    names: dict[str, Any] = {"field": "question", "type": "nominal", "title": None}
    names["sort"] = [question["name"] for question in questions]
    most = max((sum(question["statuses"].values()) for question in questions), default=0)
    x = {**OUTCOMES["encoding"]["x"], "axis": whole_numbers(most)}
    spec = {**OUTCOMES, "encoding": {**OUTCOMES["encoding"], "x": x, "y": names}}
    return to_svg({**spec, "data": {"values": values}}, label)


def whole_numbers(most: int) -> dict[str, Any]:
    """Returns the axis of a chart that counts up to `most`: no tick stands for half a student."""
    return {"values": list(range(0, most + 1, max(1, math.ceil(most / 8)))), "format": "d"}


def count_of(statuses: Mapping[str, int], outcome: str) -> int:
    """Returns how many students have an outcome, of counts by status."""
    return sum(
        count for status, count in statuses.items() if KINDS.get(status, "not right") == outcome
    )


def picture(values: Mapping[str, Any]) -> Markup:
    """Returns what an answer gives, beside the right values, as SVG.

    Args:
        values: One of the pictures of a verdict's question.
    """
    # The answers of many students are alike.
    return picture_svg(json.dumps(values, sort_keys=True))


@lru_cache(maxsize=500)
def picture_svg(text: str) -> Markup:
    """As `picture`, of its values as JSON."""
    values = json.loads(text)
    rows = {"right": values["right"], "yours": values["given"]}
    inputs = values["inputs"]
    spec = picture_of_curves(inputs, rows) if inputs else picture_of_points(rows)
    return with_own_ids(to_svg(spec, f"{values['label']}. {in_words(inputs, rows)}"), text)


def with_own_ids(svg: Markup, text: str) -> Markup:
    """Returns a picture with ids that no other picture of a page has."""
    own = hashlib.sha256(text.encode()).hexdigest()[:12]
    return Markup(str(svg).replace('id="', f'id="{own}-').replace("url(#", f"url(#{own}-"))


def picture_of_curves(inputs, rows: Mapping[str, Sequence[float | None]]) -> dict[str, Any]:
    """Returns the Vega-Lite chart of two curves.

    Args:
        inputs: The numbers along the horizontal axis.
        rows: The numbers of each curve.
    """
    data = [
        {"t": t, "value": value, "answer": answer}
        for answer, row in rows.items()
        for t, value in zip(inputs, row, strict=True)
    ]
    y = {"field": "value", "type": "quantitative", "title": None, "scale": scale_of(rows)}
    return {
        "width": 300,
        "height": 160,
        "data": {"values": data},
        "mark": {"type": "line", "clip": True, "point": {"size": 6}},
        "encoding": {
            "x": {
                "field": "t",
                "type": "quantitative",
                "title": "t",
                "scale": {"domain": [inputs[0], inputs[-1]], "nice": False},
            },
            "y": y,
            "color": colour(),
            "strokeWidth": {
                "field": "answer",
                "scale": {"domain": list(ANSWERS), "range": [5, 2]},
                "legend": None,
            },
        },
    }


def picture_of_points(rows: Mapping[str, Sequence[float | None]]) -> dict[str, Any]:
    """Returns the Vega-Lite chart of two clouds of points, from the two numbers of each point."""
    data = [
        {"x": x, "y": y, "answer": answer}
        for answer, row in rows.items()
        for x, y in zip(row[::2], row[1::2], strict=True)
    ]
    axes = {
        name: {
            "field": name,
            "type": "quantitative",
            "title": title,
            "scale": scale_of({answer: row[start::2] for answer, row in rows.items()}),
        }
        for name, title, start in (("x", "first dimension", 0), ("y", "second dimension", 1))
    }
    points = {
        "data": {"values": data},
        "mark": {"type": "point", "filled": True, "size": 28, "clip": True},
        "encoding": {**axes, "color": colour()},
    }
    return {"width": 260, "height": 220, "layer": [lines_between(rows, axes), points]}


def lines_between(rows: Mapping[str, Sequence[float | None]], axes) -> dict[str, Any]:
    """Returns a layer with a line from each right point to that of the answer.

    Args:
        rows: The two numbers of each point, of both answers.
        axes: How the chart lays out x and y.
    """
    right, yours = rows["right"], rows["yours"]
    ends = [
        {"x": right[place], "y": right[place + 1], "x2": yours[place], "y2": yours[place + 1]}
        for place in range(0, len(right), 2)
        if None not in (*right[place : place + 2], *yours[place : place + 2])
    ]
    return {
        "data": {"values": ends},
        "mark": {"type": "rule", "opacity": 0.35, "color": ANSWERS["right"], "clip": True},
        "encoding": {**axes, "x2": {"field": "x2"}, "y2": {"field": "y2"}},
    }


def colour() -> dict[str, Any]:
    return {
        "field": "answer",
        "scale": {"domain": list(ANSWERS), "range": list(ANSWERS.values())},
        "legend": {"orient": "top", "title": None},
    }


def scale_of(rows: Mapping[str, Sequence[float | None]]) -> dict[str, Any]:
    """Returns the scale that shows all of the right values, and not much beyond them."""
    right = [value for value in rows["right"] if value is not None]
    given = [value for value in rows["yours"] if value is not None] or right
    low, high = min(right), max(right)
    beyond = BEYOND * ((high - low) or abs(high) or 1.0)
    least, most = low - beyond, high + beyond
    if sum(least <= value <= most for value in given) < LEAST_SHOWN * len(given):
        # An answer of which nothing would be seen.
        least, most = -math.inf, math.inf
    return {
        "domain": [max(min(*given, low), least), min(max(*given, high), most)],
        "nice": True,
        "zero": False,
    }


def in_words(inputs, rows: Mapping[str, Sequence[float | None]]) -> str:
    """Returns what a picture shows, for those who do not see it.

    Args:
        inputs: The numbers along the horizontal axis; empty for points.
        rows: The numbers of each answer.
    """
    if not inputs:
        return "; ".join(f"{answer}: {cloud_in_words(row)}" for answer, row in rows.items())
    return "; ".join(
        f"at t = {inputs[place]:g} "
        + ", ".join(f"{answer} {number(row[place])}" for answer, row in rows.items())
        for place in (0, len(inputs) // 2, -1)
    )


def cloud_in_words(row: Sequence[float | None]) -> str:
    """Returns where points lie, from the two numbers of each."""
    columns = [[value for value in row[start::2] if value is not None] for start in (0, 1)]
    return ", ".join(
        f"{name} dimension {mean(column):.2g} on average, {pstdev(column):.2g} wide"
        for name, column in zip(("first", "second"), columns, strict=True)
        if column
    )


def number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.3g}"
