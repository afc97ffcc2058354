"""What is printed fits the terminal: no score and no word is lost, and nothing that takes long is
silent.
"""

import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from autograder.reports import matrix as pages
from autograder.reports import summary
from autograder.tasks.matrix import Matrix

WIDTHS = [60, 80, 100, 160]
SAMPLE = {
    "posterior_from_joint": 6, "bernoulli_entropy": 6, "gaussian_log_prob": 8,
    "kl_to_standard_normal": 12, "kl_between_gaussians": 10, "bernoulli_log_prob_logits": 10,
    "elbo_identity_terms": 8, "reparameterize": 6, "free_energy": 8, "mutual_information_bound": 6,
}  # fmt: skip
FLOWS = {
    f"{kind}_{what}": 5
    for kind in (
        "planar",
        "radial",
        "sylvester",
        "autoregressive",
        "inverse_autoregressive",
        "volume_preserving",
        "amortized",
    )
    for what in ("forward", "log_det")
}
LONG = (
    "log_det_of_the_inverse_instead_of_the_map or transformation_negated of "
    "log_det_without_absolute_value"
)
LETTERS = {letter: status for status, letter in summary.LETTERS.items()}


def verdict(student, questions, letters, mistake=None):
    """Returns what the summary reads of a verdict; `letters` holds one for each question."""
    earned = {"C": 1, "P": 0.7}
    asked = [
        {
            "name": name,
            "max_score": float(points),
            "status": LETTERS[letter],
            "score": points * earned.get(letter, 0),
            "mistake": mistake and mistake.format(name) if letter == "W" else None,
        }
        for (name, points), letter in zip(questions.items(), letters, strict=True)
    ]
    score, worth = (
        round(sum(question[key] for question in asked), 4) for key in ("score", "max_score")
    )
    return {
        "student": student,
        "assignment": "a01",
        "questions": asked,
        "score": score,
        "max_score": worth,
    }


def sample_class():
    return [
        verdict(f"s{number:02d}-{name}", SAMPLE, letters, mistake)
        for number, (name, letters, mistake) in enumerate(
            [
                ("reference", "CCCCCCCCCC", None),
                ("blank", "UUUUUUUUUU", None),
                ("numpy", "CCCCCCCCCC", None),
                ("keras-ops", "CCCCCPCCCC", None),
                ("tfp", "CCCCCCCCCC", None),
                ("lecture-errata", "CCWWCCWCCC", "{}_sign_flipped"),
                ("usual-mistakes", "WWWWWWWWWW", "{}_sign_flipped"),
                ("unlisted-mistakes", "WWWFWWWWWW", None),
                ("raises-on-import", "MMMMMMMMMM", None),
                ("endless-loop", "CCCTCCCCCC", None),
                ("exits-in-answer", "CCCXCCCCCC", None),
                ("exits-in-cell", "CCCXCCECCC", None),
                ("talkative", "CCCCCCCCCC", None),
                ("mixed-up-cells", "CCCCCCMCCC", None),
                (
                    "Maximiliane Friederike von und zu Hohenlohe-Langenburg-Schillingsfuerst",
                    "CCCCCCNCPK",
                    None,
                ),
            ],
            start=1,
        )
    ]


def half_wrong():
    return [verdict(f"student {number}", FLOWS, "CWCWCWCWCWPWCW", LONG) for number in range(15)]


CLASSES = pytest.mark.parametrize(
    "verdicts", [sample_class(), half_wrong()], ids=["sample", "half_wrong"]
)


def printed(parts, width, terminal=True):
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=terminal,
        color_system="truecolor" if terminal else None,
    )
    for part in parts:
        console.print(part)
    return console.file.getvalue()


def plain(text):
    return re.sub(r"\x1b\[[\d;]*m", "", text)


def shown(verdicts, width):
    return plain(printed(summary.build_parts(verdicts), width))


@CLASSES
@pytest.mark.parametrize("width", WIDTHS)
def test_every_row_has_its_score_and_a_letter_for_each_question_in_one_line(verdicts, width):
    lines = shown(verdicts, width).splitlines()
    for each in verdicts:
        letters = [summary.LETTERS[question["status"]] for question in each["questions"]]
        groups = " ".join(
            "".join(letters[first : first + 5]) for first in range(0, len(letters), 5)
        )
        row = rf"\s*{each['score']:g} +{each['student'][:10]}.* {groups}\s*"
        assert [line for line in lines if re.fullmatch(row, line)]


@CLASSES
@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal_and_no_word_is_cut(verdicts, width):
    text = shown(verdicts, width)
    assert max(map(len, text.splitlines())) <= width
    words = set(text.split())
    for number, question in enumerate(verdicts[0]["questions"], 1):
        assert {str(number), question["name"], f"({question['max_score']:g})"} <= words
        assert re.search(rf"{number} {question['name']} \({question['max_score']:g}\)", text)
    found = {question["status"] for each in verdicts for question in each["questions"]}
    assert {f"{summary.LETTERS[status]}={status}" for status in found} <= words
    for name, mistake in [
        (q["name"], q["mistake"]) for each in verdicts for q in each["questions"] if q["mistake"]
    ]:
        assert len(mistake.split()) == 1 or {f"{name}:", *mistake.split()} <= words


def test_a_pipe_gets_no_codes_and_a_terminal_gets_colours():
    assert "\x1b" not in printed(summary.build_parts(sample_class()), 120, terminal=False)
    assert "\x1b" in printed(summary.build_parts(sample_class()), 120)


@pytest.mark.parametrize(
    "name", ["x" * 200, "Zoë [bold] Ångström", "山田太郎" * 20, "a" * 30 + " " + "b" * 30]
)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_name_is_folded_and_no_markup(name, width):
    text = shown([verdict(name, FLOWS, "CWCWCWCWCWPWCW")], width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert name.replace(" ", "") in re.sub(r"[\s]|38.5|CWCWC WCWCW PWCW", "", text)
    assert "CWCWC WCWCW PWCW" in text


def test_each_status_has_a_letter_of_its_own():
    assert len(set(summary.LETTERS.values())) == len(summary.LETTERS)
    assert all(re.fullmatch("[A-Z]", letter) for letter in summary.LETTERS.values())
    assert plain(printed([summary.letter("new")], 80)).strip() == "?"


def test_frequent_mistakes_come_first_with_their_number_and_what_is_left_out_is_counted():
    letters = ["W" + "C" * 9] * 3 + ["CW" + "C" * 8] + ["W" * 10]
    found = [
        verdict(f"s{number}", SAMPLE, each, "{}_sign_flipped")
        for number, each in enumerate(letters)
    ]
    lines = [
        " ".join(line.split())
        for line in plain(printed(summary.build_mistakes_table(found), 80)).splitlines()
    ]
    rows = [line for line in lines if re.match(r"\d", line)]
    assert rows[0] == "4 posterior_from_joint: posterior_from_joint_sign_flipped"
    assert rows[1] == "2 bernoulli_entropy: bernoulli_entropy_sign_flipped"
    assert len(rows) == 8
    assert "and 2 others, each named in its verdict" in lines
    assert list(summary.build_mistakes_table(sample_class()[:1])) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_kill_matrix_fits_too(width):
    import numpy as np

    cases = (
        "generic",
        "one example",
        "a single latent dimension",
        "q is the prior",
        "wide",
        "narrow",
        "far away from zero",
    )
    kills = np.array([[1, 0, 0.55, 1, 0.95, 0.05, 1]] * 2)
    names = ("sign_flipped", "log_det_of_the_inverse_where_that_of_the")
    text = plain(
        printed(
            [
                pages.build_table(
                    Matrix("planar_flow_log_det", cases, names, 2, kills, (), 1, (), ())
                )
            ],
            width,
        )
    )
    assert max(map(len, text.splitlines())) <= width
    assert all(f"{number} {case}" in text for number, case in enumerate(cases, 1))
    assert re.search(r"●\s+·\s+55 %\s+●\s+95 %\s+5 %\s+●\s+sign_flipped", text)
