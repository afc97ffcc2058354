"""hints.md: every mistake has a line, every line a mistake, and what is wrong with one is said with
its file and line.
"""

import re
from dataclasses import replace

import pytest

from autograder import cli, tasks
from autograder.commands import class_grading
from autograder.tasks import QuestionError, hints

A01 = "a01_densities"


@pytest.fixture
def folder(tmp_path):
    """A copy of the hints of a01, which a test may change."""
    (tmp_path / hints.FILE).write_text(
        (tasks.FOLDER / A01 / hints.FILE).read_text(encoding="utf-8"), encoding="utf-8"
    )
    return tmp_path


def change(folder, old, new):
    text = (folder / hints.FILE).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (folder / hints.FILE).write_text(text.replace(old, new), encoding="utf-8")


def test_no_hint_waits_for_a_mistake_that_nothing_finds():
    assert (
        hints.unused_hints({name: tasks.load(name) for name in tasks.names()}, tasks.FOLDER) == []
    )


def test_a_hint_that_nothing_asks_for_is_listed(a01):
    assert hints.unused_hints({A01: a01}, tasks.FOLDER), "those of other assignments' classes"
    first = replace(a01, questions=a01.questions[1:])
    unused = hints.unused_hints({A01: first}, tasks.FOLDER)
    assert f"{A01}/hints.md: posterior_from_joint, posterior_log" in unused


def test_a_mistake_without_a_hint_is_refused_with_the_line_to_write(a01, folder):
    change(folder, "- **posterior_log** ", "- **posterior_logarithm** ")
    wanted = (
        r"no hint for `posterior_log`; add `- \*\*posterior_log\*\* ...` below `##"
        r" posterior_from_joint`"
    )
    with pytest.raises(QuestionError, match=wanted):
        hints.attach_hints(a01, folder)


@pytest.mark.parametrize(
    "line", ["posterior_log: text", "- **posterior_log**", "- posterior_log text", "a remark"]
)
def test_what_is_no_hint_is_refused_with_file_and_line(a01, folder, line):
    text = (folder / hints.FILE).read_text(encoding="utf-8")
    number = text.splitlines().index("## posterior_from_joint") + 2
    change(folder, "## posterior_from_joint\n", f"## posterior_from_joint\n{line}\n")
    with pytest.raises(
        QuestionError,
        match=rf"hints.md:{number}: this is no hint; write `- \*\*name\*\* hint \[source\]`",
    ):
        hints.attach_hints(a01, folder)


def test_a_hint_that_stands_twice_is_refused(a01, folder):
    change(folder, "- **posterior_log** ", "- **posterior_is_joint** again.\n- **posterior_log** ")
    with pytest.raises(
        QuestionError, match="`posterior_is_joint` stands below `posterior_from_joint` already"
    ):
        hints.attach_hints(a01, folder)


def test_an_edited_hint_and_its_source_are_what_a_student_reads(a01, folder):
    text = (folder / hints.FILE).read_text(encoding="utf-8")
    (line,) = (line for line in text.splitlines() if line.startswith("- **posterior_log** "))
    edited = (
        "- **posterior_log** These are logarithms. [our lecture, slide 7]\n  Repair: Take none."
    )
    change(folder, line, f"{edited}\n- **another** Of no question.")
    question = hints.attach_hints(a01, folder)[0]
    found = question.hint("posterior_log")
    assert (found.hint, found.source) == ("These are logarithms.", "our lecture, slide 7")
    assert found.repair == "Take none."
    assert question.hint("posterior_is_joint").source == question.source


@pytest.mark.parametrize(
    "text", ["## f\n  Repair: b", "## f\n- **a** b.\n  Repair: c\n  Repair: d"]
)
def test_a_repair_that_follows_no_mistake_is_refused_with_file_and_line(tmp_path, text):
    file = tmp_path / hints.FILE
    file.write_text(text, encoding="utf-8")
    number = len(text.splitlines())
    with pytest.raises(QuestionError, match=rf"hints.md:{number}: this repair follows no mistake"):
        hints.read_hints(file)


@pytest.mark.parametrize("name", tasks.names())
def test_every_mistake_says_how_to_mend_it_and_does_not_say_it_before(name):
    mistakes = [
        mistake
        for question in tasks.load(name).questions
        for source in (question.hints.values(), *(item.mistakes for item in question.properties))
        for mistake in source
    ]
    assert len(mistakes) > 50
    assert [mistake.name for mistake in mistakes if not mistake.repair] == []
    assert [mistake.name for mistake in mistakes if mistake.repair in mistake.hint] == []
    names = {mistake.name for mistake in mistakes if "_" in mistake.name}
    said = [f"{mistake.hint} {mistake.repair}" for mistake in mistakes]
    assert [text for text in said if names & set(re.findall(r"\w+", text))] == []


def test_the_hint_of_one_property_goes_before_that_of_its_class_and_of_all_models():
    (model,) = (question for question in tasks.load("a03_vae").questions if question.name == "VAE")
    said = {
        item.name: {mistake.name: mistake.hint for mistake in item.mistakes}
        for item in model.properties
    }
    assert "autoencoder with noise" in said["elbo_bernoulli"]["kl_missing"]
    assert "missing from the loss" in said["loss_per_example"]["kl_missing"]


@pytest.mark.parametrize("command", ["grade", "matrix", "solutions", "assignments"])
def test_every_command_says_in_one_line_which_hint_is_to_be_mended(
    tmp_path, monkeypatch, capsys, command
):
    def load(*_):
        raise QuestionError("hints.md:14: this is no hint")

    monkeypatch.setattr(tasks, "load", load)
    monkeypatch.setattr(class_grading, "grade_folder", load)
    folders = {"grade": ["--submitted", str(tmp_path)], "assignments": []}.get(
        command, ["--out", str(tmp_path)]
    )
    assert cli.main([command, *folders]) == 2
    said = capsys.readouterr().err
    assert "autograder: hints.md:14: this is no hint\n" in said
    assert "Traceback" not in said
