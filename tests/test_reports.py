import csv
import io
import itertools

import pytest

from autograder.reports import feedback, gradebook

HOSTILE = "<script>alert('x')</script>"


def verdict(student="ada", **question):
    asked = {
        "name": "kl",
        "score": 3.5,
        "max_score": 12.0,
        "status": "wrong",
        "mistake": "kl_sign_flipped",
        "message": "Wrong on 1 of 2 cases.",
        "repair": "Leave the minus out.",
        "source": "document 000, section 4",
        "follows": None,
        "cases": [
            {"name": "generic", "passed": False, "points": 0.0, "worst_error": 1.0, "mistake": None}
        ],
    }
    return {
        "assignment": "a01",
        "student": student,
        "score": 3.5,
        "max_score": 12.0,
        "manual_max_score": 4.0,
        "kit_version": "0",
        "questions": [asked | question],
    }


def test_feedback_tells_the_verdict_the_repair_and_the_place():
    page = feedback.feedback_html(verdict())
    for words in (
        "ada",
        "3.5 of 12 points",
        "Wrong on 1 of 2 cases.",
        "Leave the minus out.",
        "document 000, section 4",
        "generic</td>",
        "✗ not right",
    ):
        assert words in page, words


def test_feedback_names_no_mistake():
    page = feedback.feedback_html(verdict(mistake="transformation_doubled of kl_sign_flipped"))
    assert "kl_sign_flipped" not in page
    assert "transformation" not in page


def test_feedback_follows_through_when_an_earlier_answer_was_used():
    assert "your own kl_to_standard_normal" in feedback.feedback_html(
        verdict(follows="kl_to_standard_normal")
    )


@pytest.mark.parametrize("field", ["name", "message", "repair", "source", "status"])
def test_nothing_that_a_student_wrote_runs_in_a_page(field):
    page = feedback.feedback_html(verdict(**{field: HOSTILE}))
    assert "<script>" not in page


def test_a_students_name_does_not_run_either():
    assert "<script>" not in feedback.feedback_html(verdict(student=HOSTILE))


def test_the_gradebook_has_a_row_for_each_and_survives_odd_names():
    rows = list(
        csv.DictReader(
            io.StringIO(
                gradebook.grades_csv([verdict('O\'Neil, "S"'), verdict("Zoë"), verdict("=1+1")])
            )
        )
    )
    assert [row["student"] for row in rows] == ["'=1+1", 'O\'Neil, "S"', "Zoë"]
    assert rows[0]["kl"] == "3.5"


def student_of(text):
    """Returns the student's cell of a gradebook of one row, which must still be whole."""
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert (row["assignment"], row["kl"]) == ("a01", "3.5")
    return row["student"]


SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "﹢", "⁼", "−", "≠")
UNSEEN = (
    *(
        "",
        " ",
        "\u00a0",
        "\u3000",
        "\v",
        "\f",
        "\x1c",
        "\x85",
        "\u2028",
        "\x00",
        "\x1b",
        "\x7f",
        "\x9b",
        "\u200b",
        "\u200e",
    ),
    *(
        "\u202e",
        "\u2060",
        "\ufeff",
        "\u00ad",
        "\u034f",
        "\ufe0f",
        "\u115f",
        "\u3164",
        "\u2800",
        "\U000e0020",
        " \ufeff\u3000",
        "'",
    ),
)


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("before", [*UNSEEN, "\t", "\r", "\n"], ids=ascii)
def test_no_name_is_a_formula_for_a_spreadsheet(before, sign):
    name = f"{before}{sign}1+1"
    assert student_of(gradebook.grades_csv([verdict(name)])) == f"'{name}"


NUMBERS = [
    "1E5",
    "0012345",
    "2-3",
    "1/2",
    "00",
    "1e999",
    "1.50",
    "1,5",
    "12:30",
    "TRUE",
    "MAR1",
    "SEPT2",
    "1 2/3",
    "0x1F",
    "50%",
    "$5",
]


@pytest.mark.parametrize("name", NUMBERS)
def test_a_name_that_a_spreadsheet_takes_for_a_number_stays_as_it_is(name):
    """A learning platform looks its students up by it; the README says how a spreadsheet must read
    it.
    """
    text = gradebook.grades_csv([verdict(name)])
    assert student_of(text) == name
    assert text.splitlines()[1].startswith(f'"{name}",' if "," in name else f"{name},")


@pytest.mark.parametrize(
    "name", ["Zoë", " ada", "\ufeffada", "o'neil", "'ada", "1=1", "a-b", "渡辺"]
)
def test_a_name_that_is_no_formula_stays_as_it_is(name):
    assert student_of(gradebook.grades_csv([verdict(name)])) == name


def test_names_that_differ_stay_different_in_the_gradebook():
    names = [
        "".join(some)
        for count in range(1, 5)
        for some in itertools.product("'=＝\t\r\n a", repeat=count)
    ]
    assert len({gradebook.make_harmless(name) for name in names}) == len(names) > 4000
    assert all(
        student_of(gradebook.grades_csv([verdict(name)])) == gradebook.make_harmless(name)
        for name in names[::50]
    )


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", ",", ";", "\t", '",', '"\r', '";'])
def test_no_name_begins_another_row_or_cell(end):
    text = gradebook.grades_csv([verdict(f"ada{end}=1+1")])
    assert student_of(text) == f"ada{end}=1+1"
    assert '"ada' in text


def test_the_gradebook_says_which_kit_each_row_is_from_and_whether_they_are_mixed():
    old = verdict("bob") | {"kit_version": "0.1.0+aa"}
    row = next(csv.DictReader(io.StringIO(gradebook.grades_csv([old]))))
    assert row["kit_version"] == "0.1.0+aa"
    assert gradebook.mixed_versions([old, old]) == gradebook.mixed_versions([]) == ""
    assert (
        gradebook.mixed_versions([old, verdict(), verdict("eve")])
        == "0 (2 verdicts), 0.1.0+aa (1 verdict)"
    )


def test_a_page_names_the_wrong_answer_that_another_one_calls():
    code = {
        "elbo": "def elbo(x):\n    return x - kl_to_standard_normal(x) + entropy(x)",
        "kl_to_standard_normal": "def kl_to_standard_normal(x):\n    return 'elbo(x)'  # elbo(x)",
        "own": "def elbo(x):\n    return x\n\ndef own(x):\n    return elbo('\\d')",
        "broken": "def broken(x:\n    return elbo(x)",
    }
    first = verdict(name="kl_to_standard_normal")
    (kl,) = first["questions"]
    others = [{**kl, "name": name} for name in ("elbo", "own", "broken")]
    others.append({**kl, "name": "entropy", "status": "correct"})
    page = feedback.feedback_html(
        {**first, "questions": [kl, *others]}, feedback.Besides(code=code)
    ).replace("<wbr>", "")
    assert page.count("Your code calls") == 1
    assert 'Your code calls <a href="#kl_to_standard_normal">kl_to_standard_normal</a>' in page
