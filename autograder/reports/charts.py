"""Charts of the class report, by Vega-Lite, as pictures in the page: no script draws them."""

from collections.abc import Mapping, Sequence
from typing import Any

import vl_convert
from markupsafe import Markup

__all__ = ["outcomes", "scores"]

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
            "axis": {"tickMinStep": 1, "title": "students"},
        },
        "order": {"field": "order"},
        "color": {
            "field": "outcome",
            "scale": {"domain": list(COLOURS), "range": list(COLOURS.values())},
            "legend": {"orient": "top", "title": None},
        },
    },
}


def drawn(spec: Mapping[str, Any], label: str) -> Markup:
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
    return drawn(
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
                    "axis": {"tickMinStep": 1},
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
    spec = {**OUTCOMES, "encoding": {**OUTCOMES["encoding"], "y": names}}
    return drawn({**spec, "data": {"values": values}}, label)


def count_of(statuses: Mapping[str, int], outcome: str) -> int:
    """Returns how many students have an outcome, of counts by status."""
    return sum(
        count for status, count in statuses.items() if KINDS.get(status, "not right") == outcome
    )
