"""docs/errata.md is the staff's list of errata; assignments/ERRATA.md, the students', is made from
it and keeps silent on what questions ask.
"""

import re
import zipfile
from dataclasses import replace

import pytest
import released

from autograder import cli, places, tasks
from autograder.build import archive, errata, notebooks, script

NUMBER = re.compile(r"E-\d{3}-\d{2}")
STUDENTS_NUMBER = re.compile(r"(?<![\w-])00[0-4]-\d+\b")
ERRATA = errata.read()
NUMBERS = [erratum.number for erratum in ERRATA]
ASKED = errata.who_asks()
# Files that may cite an erratum.
CITING = [
    path
    for pattern in (
        "*.md",
        "assignments/*/*.ipynb",
        "assignments/*/*.json",
        "assignments/**/*.py",
        "autograder/**/*.py",
        "autograder/**/*.md",
        "solutions/*.py",
        "tests/**/*.py",
    )
    for path in places.CHECKOUT.glob(pattern)
]


@pytest.fixture(scope="module")
def students():
    return errata.students_list()


def entries(text):
    """Returns from number to entry, in one line, of a students' list."""
    found = re.findall(r"^- \*\*.*(?:\n  .*)*", text, re.MULTILINE)
    return {STUDENTS_NUMBER.search(entry)[0]: " ".join(entry.split()) for entry in found}


# What is cited.


def test_every_erratum_that_is_cited_stands_in_the_list():
    cited = {
        (path.relative_to(places.CHECKOUT).as_posix(), number)
        for path in CITING
        for number in NUMBER.findall(path.read_text(encoding="utf-8"))
    }
    folders = {file.split("/")[0] for file, _ in cited}
    assert {"CONTRIBUTING.md", "autograder", "solutions", "tests"} <= folders
    assert "assignments" not in folders
    assert sorted(citation for citation in cited if citation[1] not in NUMBERS) == []


def test_no_erratum_is_cited_by_half_its_number():
    """Such as a bare 09 after another one, which the test above would not see."""
    short = re.compile(r"E-\d{3}-\d{2}(?:,| and|, and)\s+\d{2}\b")
    assert short.search("E-000-08, 09 and 13")
    assert [
        path.name
        for path in CITING
        if path.name != "test_errata.py" and short.search(path.read_text(encoding="utf-8"))
    ] == []


def test_numbers_are_unique_in_order_and_without_gaps():
    assert len(NUMBERS) > 70
    for document in ("000", "001", "002", "003", "004"):
        of_document = [number for number in NUMBERS if number[2:5] == document]
        assert of_document == [f"E-{document}-{n:02d}" for n in range(1, len(of_document) + 1)]
    assert sorted(NUMBERS) == NUMBERS


def test_in_our_copy_is_said_of_what_the_conversion_may_have_done():
    for erratum in ERRATA:
        kinds = erratum.staff.partition(",")[0].split(" and ")
        assert ("In our copy" in " ".join(erratum.entry.split())) == ("conversion" in kinds), (
            erratum.number
        )


# What questions ask.


def cited_in_answers():
    """Yields (assignment, question, number) for the errata that the answer to a question that is
    graded by hand names.
    """
    for name in tasks.names():
        manual = {question.name for question in tasks.load(name).manual}
        for cell in script.read(script.SOLUTIONS / f"{name}.py"):
            if cell.question in manual:
                for number in NUMBER.findall("".join(script.regions(cell))):
                    yield name, cell.question, number


def test_a_question_declares_the_errata_that_its_answer_names():
    declared = {
        (name, question.name, number)
        for name in tasks.names()
        for question in tasks.load(name).manual
        for number in question.errata
    }
    assert len(declared) > 10
    assert declared == set(cited_in_answers())


def test_an_erratum_that_a_question_names_and_the_list_has_not_is_refused(monkeypatch, a01):
    unknown = f"E-000-{len(NUMBERS)}"
    manual = (*a01.manual[:-1], replace(a01.manual[-1], errata=(unknown,)))
    monkeypatch.setattr(tasks, "load", lambda name: replace(a01, manual=manual))
    with pytest.raises(places.FaultyFile, match=rf"find_the_bugs asks about {unknown}, which is"):
        errata.students_list()


# The students' list.


def test_the_students_list_is_up_to_date(students):
    assert (places.ASSIGNMENTS / errata.FILE_NAME).read_bytes() == students.encode(), (
        "run `make assignments`"
    )


def test_the_students_numbers_have_no_gaps(students):
    """A gap would tell where an erratum is withheld, and so that the passage is wrong."""
    told = list(entries(students))
    assert len(told) == len(NUMBERS) - len(ASKED) > 40
    for document in ("000", "001", "002", "003", "004"):
        of_document = [number for number in told if number.startswith(document)]
        assert of_document == [f"{document}-{n}" for n in range(1, len(of_document) + 1)]
    assert NUMBER.findall(students) == []


def released_texts():
    """Yields (place, text) of what students get, apart from the list."""
    for name, (cells, public) in released.read().items():
        yield from ((f"{name}, cell {i}", cell.source) for i, cell in enumerate(cells))
        yield from ((f"{name}, public cases", text) for text in released.strings(public))
    for path in places.ASSIGNMENTS.rglob("*.py"):
        yield path.name, path.read_text(encoding="utf-8")
    yield "README of the zip", archive.README
    students_part = places.CHECKOUT.joinpath("README.md").read_text(encoding="utf-8")
    yield "README.md", students_part.split("## Students")[1].split("## Instructors")[0]


def test_what_is_released_cites_numbers_of_the_students_list_alone(students):
    told, texts = entries(students), list(released_texts())
    cited = [(place, number) for place, text in texts for number in STUDENTS_NUMBER.findall(text)]
    assert len(cited) > 25
    assert {"README.md", "README of the zip"} <= {place for place, _ in cited}
    assert [citation for citation in cited if citation[1] not in told] == []
    assert [place for place, text in texts if NUMBER.search(text)] == []


def test_a_released_text_with_an_erratum_that_is_asked_is_refused():
    numbers = errata.number_for_students(ERRATA)
    assert errata.translate("see E-000-10, and E-000-11", numbers) == "see 000-7, and 000-8"
    for number in (*sorted(ASKED), "E-000-" + "99"):
        with pytest.raises(places.FaultyFile, match=f"names {number}"):
            errata.translate(f"see {number}", numbers)


def test_no_hint_cites_an_erratum_that_a_question_asks_about():
    paths = [path for path in CITING if "autograder/tasks" in path.as_posix()]
    texts = {
        path.as_posix(): path.read_text(encoding="utf-8")
        for path in paths
        if path.name != "__init__.py"
    }
    assert sum(len(NUMBER.findall(text)) for text in texts.values()) > 40
    cited = [(path, number) for path, text in texts.items() for number in NUMBER.findall(text)]
    assert [citation for citation in cited if citation[1] in ASKED] == []


# Of each passage that is asked about, what a source of a hint could name.
PASSAGES_IN_SOURCES = {
    "steps 1 to 7": r'000, section 4 [^;]*steps? [2367]\b',
    "eq. 11": r"003, [^;]*eq\. 11\b",
    "eq. 29": r"003, [^;]*eq\. 29\b",
    "the note below eq. 12": r"003, [^;]*(?:below|after) (?:eq\. 12|it)\b",
    "lines 12 to 30": r"Listing 1[^;]*lines? (?:1[2-9]|2\d|30)",
}  # fmt: skip


def test_no_source_of_a_hint_names_a_passage_that_a_question_asks_about(students):
    listed = students.split(errata.ASKED, 1)[1]
    listed = " ".join(listed.split())
    assert all(passage in listed for passage in PASSAGES_IN_SOURCES)
    faulty = re.compile("|".join(PASSAGES_IN_SOURCES.values()))
    sources = [
        text
        for place, text in released_texts()
        if place.endswith("public cases") and text.startswith("document 00")
    ]
    assert len(sources) > 300
    assert [source for source in sources if faulty.search(source)] == []


def test_students_read_no_line_numbers_no_results_and_nothing_of_the_staff(students):
    text = " ".join(students.split())
    # Of Listing 1 these are the document's own numbers.
    text = text.replace('Listing 1 "VIB with Flows", lines 12 to 30', "")
    for hidden in (r"\blines? \d", r"\d\.\d", "Staff"):
        staff = " ".join(places.CHECKOUT.joinpath("docs/errata.md").read_text().split())
        assert re.search(hidden, staff), hidden
        assert not re.search(hidden, text), re.search(f".{{0,60}}{hidden}", text)


def listed_passages(text):
    listed = " ".join(text.split(errata.ASKED, 1)[1].split())
    return listed.removeprefix("- ").split(" - ")


def test_each_passage_that_is_asked_about_is_listed_once(students):
    want = {
        f"{passage}: {'; '.join(questions)}."
        for passage, questions in errata.asked_passages().items()
    }
    passages = listed_passages(students)
    assert len(passages) == len(set(passages)) > 10
    assert set(passages) == want
    assert passages == sorted(passages), "their order must not tell which hold"


def test_a_question_lists_a_passage_for_each_erratum_that_it_asks_about():
    """In the erratum's document, below the title that the erratum names."""
    title = re.compile(r'"[^"]+"')
    places_of = {erratum.number: erratum.place for erratum in ERRATA}
    for name in tasks.names():
        for question in tasks.load(name).manual:
            assert bool(question.errata) <= bool(question.passages), question.name
            for number in question.errata:
                start = f"document {number[2:5]}, "
                assert any(
                    passage.startswith(start)
                    and title.search(passage)[0] == title.search(places_of[number])[0]
                    for passage in question.passages
                ), (question.name, number)


@pytest.mark.parametrize("name", ["a02_elbo", "a03_vae", "a05_vib"])
def test_find_the_bugs_lists_passages_that_hold_too(name):
    """Else that a passage is listed would say that it is wrong."""
    assert any(
        len(question.passages) > len({number[2:5] for number in question.errata})
        for question in tasks.load(name).manual
    )


def test_what_is_not_asked_is_told_in_full(students):
    told = entries(students)
    open_ones = [erratum for erratum in ERRATA if erratum.number not in ASKED]
    assert open_ones
    for (number, entry), erratum in zip(told.items(), open_ones, strict=True):
        assert entry.replace(number, erratum.number) == " ".join(erratum.entry.split())
        assert "Right" in entry


def test_a_place_says_nothing_of_the_fault():
    """A place is made of titles, kinds of passages and the document's own symbols."""
    faulty = re.compile(
        r"\b(?:wrong|right|missing|lost|minus|sign|instead|not|no|upside|twice|copy)\b"
    )
    for erratum in ERRATA:
        assert not faulty.search(re.sub(r'"[^"]*"', "", erratum.place)), erratum.number


def test_two_questions_on_one_passage_are_both_named(monkeypatch, a01):
    (*rest, last) = a01.manual
    both = (replace(rest[0], passages=last.passages), *rest[1:], last)
    monkeypatch.setattr(tasks, "load", lambda name: replace(a01, manual=both))
    monkeypatch.setattr(tasks, "names", lambda: ["a01_densities"])
    (first, *_) = last.passages
    want = f"{first}: a01_densities, {both[0].name}; a01_densities, {last.name}."
    assert want in listed_passages(errata.students_list())


# Where the lists go.


def test_the_assignments_command_writes_the_list_again(tmp_path, monkeypatch, students):
    monkeypatch.setattr(notebooks, "release", lambda name: {})
    (tmp_path / errata.FILE_NAME).write_text("old", encoding="utf-8")
    assert notebooks.write_assignments(tmp_path) == [tmp_path / errata.FILE_NAME]
    assert (tmp_path / errata.FILE_NAME).read_text(encoding="utf-8") == students


def test_the_release_has_the_students_list_and_not_the_staffs(tmp_path, monkeypatch, students):
    monkeypatch.setattr(notebooks, "release", lambda name: {})
    with zipfile.ZipFile(archive.write_release(tmp_path)) as release:
        files = {name.partition("/")[2]: release.read(name) for name in release.namelist()}
    assert files[errata.FILE_NAME] == students.encode()
    assert "`ERRATA.md`" in files["README.md"].decode()
    assert len(files) > 50
    staff = [erratum.staff for erratum in ERRATA]
    for name, content in files.items():
        if not name.endswith(".npz"):
            text = " ".join(content.decode().split())
            assert "- Staff:" not in text, name
            assert not any(part in text for part in staff), name


# What the list must look like.

GOOD = """\
# Errata

What stands above the first heading is free.

## Document 000: "Notes"

- **E-000-01** section 1 "Bounds: a start", step 2: the minus
  is lost. Right: with a minus.
  - Staff: value and notation, lines 3 and 4. At 1: `-1`
    for `1`.
- **E-000-02** step 3: a word. Right: another.
  - Staff: conversion, line 5.

## Document 001

- **E-001-01** eq. 1: a word. Right: another.
  - Staff: code, line 9.
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "errata.md"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_an_entry_is_read_in_its_parts(write):
    first, second, third = errata.read(write(GOOD))
    assert first == errata.Erratum(
        heading='## Document 000: "Notes"',
        number="E-000-01",
        place='section 1 "Bounds: a start", step 2',
        entry='- **E-000-01** section 1 "Bounds: a start", step 2: the minus\n'
        "  is lost. Right: with a minus.",
        staff="value and notation, lines 3 and 4. At 1: `-1` for `1`.",
    )
    assert (second.number, third.heading) == ("E-000-02", "## Document 001")


FORM = r"this is no entry; write `- \*\*E-000-01\*\* place: text`, and below that `  - Staff:"
ORDER = "stands out of order; sort the entries"
FAULTS = [
    ("number of another form", "- **E-000-02**", "- **E-0-2**", 11, FORM),
    ("no number", "- **E-000-02** step", "- step", 11, FORM),
    ("no place", "**E-000-02** step 3: a", "**E-000-02** a", 11, FORM),
    ("no fault", "step 3: a word. Right: another.", "step 3:", 11, FORM),
    ("no staff", "  - Staff: conversion, line 5.\n", "", 11, FORM),
    ("staff of the last", "  - Staff: code, line 9.\n", "", 16, FORM),
    ("staff without a dash", "  - Staff: conversion", "  Staff: conversion", 11, FORM),
    ("staff in small letters", "  - Staff: conversion", "  - staff: conversion", 11, FORM),
    ("staff of an unknown kind", "Staff: conversion", "Staff: typo", 11, FORM),
    ("staff without a line", "conversion, line 5.", "conversion.", 11, FORM),
    ("a paragraph", "line 5.\n", "line 5.\n\nA remark.\n", 14, FORM),
    ("an indented paragraph", "line 5.\n", "line 5.\n\n  A remark.\n", 14, FORM),
    ("another heading", '## Document 000: "Notes"', "## Notes", 7, ORDER),
    ("another heading later", "## Document 001", "## Notes", 14, FORM),
    ("a number twice", "E-000-02", "E-000-01", 11, f"E-000-01 {ORDER}"),
    ("a number after a higher one", "E-000-01", "E-000-03", 11, f"E-000-02 {ORDER}"),
    ("another document's number", "E-001-01", "E-002-01", 16, f"E-002-01 {ORDER}"),
]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS]
)
def test_what_is_no_entry_is_refused_with_file_and_line(write, old, new, line, said):
    assert GOOD.count(old) == 1
    path = write(GOOD.replace(old, new))
    with pytest.raises(places.FaultyFile, match=rf"errata\.md:{line}: (?:.* )?{said}"):
        errata.read(path)


@pytest.mark.parametrize("command", ["assignments", "release"])
def test_a_command_says_in_one_line_what_is_to_be_mended(
    write, tmp_path, monkeypatch, capsys, command
):
    path = write(GOOD.replace("  - Staff: conversion, line 5.\n", ""))
    read = errata.read
    monkeypatch.setattr(errata, "read", lambda *_: read(path))
    monkeypatch.setattr(notebooks, "release", lambda name: {})
    monkeypatch.setattr(notebooks.write_assignments, "__defaults__", (tmp_path, lambda text: None))
    folder = ["--out", str(tmp_path)] if command == "release" else []
    assert cli.main([command, *folder]) == 2
    said = capsys.readouterr().err
    assert f"autograder: {path}:11: this is no entry" in said
    assert "Traceback" not in said
