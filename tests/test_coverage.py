"""The table of the lecture's topics: each row leads to a question or a figure that is there."""

import re
from pathlib import Path

import pytest
from lecture import NUMBERED, TITLED

from autograder import tasks
from autograder.build import script

TABLE = Path(__file__).parents[1] / "docs" / "coverage.md"
ROW = re.compile(r"\| (S\d-\d+) \| (.+?) \| (.+?) \| `(\w+)` \| (.+?) \|")
ROWS = [found.groups() for found in ROW.finditer(TABLE.read_text(encoding="utf-8"))]
# Of these assignments every topic is listed.
COVERED = {
    "a04_rate_distortion": [
        *("S2-96", "S2-99", "S2-100", "S2-101", "S3-11"),
        *(f"S4-{number:02}" for number in (*range(8, 22), 23, 25)),
    ],
}


def experiments(name):
    """Returns the code of a notebook's experiments."""
    cells = script.read(script.SOLUTIONS / f"{name}.py")
    return "\n".join(cell.source for cell in cells if cell.kind == "experiment")


@pytest.mark.parametrize("name", COVERED)
def test_every_topic_of_an_assignment_is_listed_once(name):
    listed = [topic for topic, _, _, assignment, _ in ROWS if assignment == name]
    assert sorted(listed) == sorted(COVERED[name])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_names_a_place_of_the_documents_and_what_treats_it(row):
    topic, place, what, name, where = row
    document, title = place.replace("\\|", "|").split(", ", 1)
    assert document == f"00{topic[1]}"
    known = NUMBERED.get(document, {}), TITLED.get(document, ())
    assert title.removeprefix("section ") in known[0] or title.strip('"') in known[1]
    assert what
    questions, figures = re.findall(r"`(\w+)`", where), re.findall(r'"([^"]+)"', where)
    assert questions or figures
    assignment, code = tasks.load(name), experiments(name)
    there = {question.name for question in (*assignment.questions, *assignment.manual)}
    assert set(questions) <= there
    assert [figure for figure in figures if figure not in code] == []
