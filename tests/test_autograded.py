"""The notebook that nbgrader keeps of a submission, after all that may become of one on its way."""

import json
import random
from collections import Counter
from copy import deepcopy

import nbformat
import pytest
from nbgrader import utils
from nbgrader.nbgraderformat import MetadataValidator
from surgery import operated

from autograder import tasks
from autograder.build import notebooks, sample
from autograder.course import autograded, beside
from autograder.grading import notebook as reading

A01 = "a01_densities"
QUESTIONS = tasks.load(A01).questions
KL = "kl_to_standard_normal"


@pytest.fixture(scope="module")
def released():
    return nbformat.read(notebooks.ASSIGNMENTS / A01 / f"{A01}.ipynb", as_version=4)


@pytest.fixture
def solved(released):
    notebook = nbformat.from_dict(json.loads(json.dumps(released)))
    sample.answer_with_solutions(notebook)
    return notebook


def verdict(seed=0):
    """A verdict with scores at random."""
    chance = random.Random(seed)
    return {
        "questions": [
            {
                "name": question.name,
                "max_score": question.points,
                "score": chance.choice([0.0, round(0.7 * question.points, 4), question.points]),
                "status": "wrong",
                "message": f"Not right: {question.name}.",
                "repair": "",
            }
            for question in QUESTIONS
        ]
    }


def cells_of(content):
    return reading.read_notebook(reading.strip_outputs(content.encode("utf-8", "surrogatepass")))


def made_of(notebook, released, seed=0):
    return autograded.autograded_notebook(
        cells_of(nbformat.writes(notebook)), released, verdict(seed)
    )


def by_id(notebook):
    found = [cell for cell in notebook.cells if reading.grade_id(cell)]
    assert len({reading.grade_id(cell) for cell in found}) == len(found)
    return {reading.grade_id(cell): cell for cell in found}


def check_whole(found, submitted, released, seed):
    """Each released cell stands there once, scores are the verdict's, and nothing is lost."""
    nbformat.validate(found)
    MetadataValidator().validate_nb(found)
    marked, wanted = by_id(found), by_id(released)
    assert set(marked) == set(wanted)
    for name, cell in wanted.items():
        assert marked[name].cell_type == cell.cell_type
        assert without_checksum(marked[name]) == without_checksum(cell)
        if utils.is_locked(cell):
            assert marked[name].source == cell.source
    for question in verdict(seed)["questions"]:
        score, most = utils.determine_grade(marked[question["name"]])
        assert score == question["score"] <= most
    sources = Counter(cell.source for cell in found.cells)
    locked = {reading.strip_lines(cell.source) for cell in wanted.values()}
    for cell in submitted:
        text = autograded.as_text(cell.source)
        kept = sources[text] or reading.strip_lines(cell.source) in locked
        assert kept or not text.strip() or autograded.is_check(cell.source)
    for question in QUESTIONS:
        name = question.name
        if any(name in defines(cell) for cell in submitted if not reading.grade_id(cell)):
            assert name in defines(marked[f"{name}-answer"])


def without_checksum(cell):
    """A cell's metadata; by its checksum nbgrader knows a written answer that is none."""
    kept = deepcopy(cell.metadata)
    if cell.cell_type == "markdown":
        kept.nbgrader.pop("checksum", None)
    return kept


def defines(cell):
    return reading.cells.find_definitions(cell.source).functions


def after_surgery(numbers, released, solved):
    """Checks blank and solved notebooks by turns after surgery; returns how many could be read."""
    texts, read = (nbformat.writes(released), nbformat.writes(solved)), 0
    for number in numbers:
        try:
            submitted = cells_of(operated(texts[number % 2], random.Random(number)))
        except reading.UnreadableNotebook:
            submitted = []
        read += bool(submitted)
        found = autograded.autograded_notebook(submitted, released, verdict(number))
        check_whole(found, submitted, released, number)
    return read


def test_surgery_loses_no_cell_and_no_score(released, solved):
    assert after_surgery(range(40), released, solved) > 32


@pytest.mark.soak
def test_surgery_on_560_notebooks_loses_no_cell_and_no_score(released, solved):
    assert after_surgery(range(40, 600), released, solved) > 448


def test_a_notebook_that_is_left_alone_comes_out_as_it_went_in(released, solved):
    found = made_of(solved, released)
    assert [cell.source for cell in found.cells] == [cell.source for cell in solved.cells]
    assert [cell.metadata for cell in found.cells] == [cell.metadata for cell in released.cells]


@pytest.mark.parametrize("editor", ["colab", "vscode"])
def test_answers_are_found_where_an_editor_has_dropped_all_metadata(released, solved, editor):
    for cell in solved.cells:
        cell.metadata = nbformat.from_dict(
            {} if editor == "colab" else {"vscode": {"languageId": "python"}}
        )
    found = by_id(made_of(solved, released))
    whole = by_id(made_of(solved, released))
    assert set(found) == set(by_id(released)) == set(whole)
    for question in QUESTIONS:
        assert question.name in defines(found[f"{question.name}-answer"])
    assert not any(autograded.MISSING in cell.source for cell in found.values())


def test_a_written_answer_is_graded_by_hand_unless_it_is_untouched(released, solved):
    name = tasks.load(A01).manual[0].name
    assert utils.determine_grade(by_id(made_of(released, released))[name])[0] == 0
    cell = by_id(solved)[name]
    cell.source = cell.source.replace(reading.cells.TEXT_STUB, "Because.")
    assert utils.determine_grade(by_id(made_of(solved, released))[name])[0] is None
    # Turned into code, or without its metadata, it is the same answer.
    cell.cell_type, cell.outputs, cell.execution_count = "code", [], None
    cell.metadata = nbformat.from_dict({})
    found = by_id(made_of(solved, released))[name]
    assert found.cell_type == "markdown"
    assert "Because." in found.source
    assert utils.determine_grade(found)[0] is None


@pytest.mark.parametrize("stub", [reading.cells.TEXT_STUB, ""])
def test_an_answer_that_was_left_alone_waits_for_nobody_when_its_text_was_mended(
    released, solved, stub
):
    name = tasks.load(A01).manual[0].name
    cell = by_id(solved)[name]
    cell.source = cell.source.replace(reading.cells.TEXT_STUB, stub)
    mended = deepcopy(released)
    question = by_id(mended)[name]
    question.source = "With the typo mended.\n\n" + question.source
    question.metadata.nbgrader.checksum = utils.compute_checksum(question)
    question.metadata[reading.cells.UNTOUCHED] = reading.cells.digest_text(question.source)
    found = by_id(made_of(solved, mended))[name]
    assert found.source == cell.source
    assert utils.determine_grade(found)[0] == 0
    # Even one that begins with what could be a table.
    cell.source += "\n|x| is not smooth."
    assert utils.determine_grade(by_id(made_of(solved, mended))[name])[0] is None


def test_a_table_that_was_filled_in_waits_for_a_person(released, solved):
    name = tasks.load(A01).manual[0].name
    table = "\n\n| layer | why |\n|---|---|\n| first | |"
    released = deepcopy(released)
    for notebook in (released, solved):
        cell = by_id(notebook)[name]
        cell.source += table
        cell.metadata[reading.cells.UNTOUCHED] = reading.cells.digest_text(cell.source)
    assert utils.determine_grade(by_id(made_of(solved, released))[name])[0] == 0
    by_id(solved)[name].source = by_id(solved)[name].source.replace("first", "none")
    assert utils.determine_grade(by_id(made_of(solved, released))[name])[0] is None


def in_two(cell):
    """The question keeps its id, and its answer is a cell by itself."""
    cell.source = f"{cell.source}\n".replace(reading.cells.TEXT_STUB, "")
    return nbformat.v4.new_markdown_cell("Because.")


@pytest.mark.parametrize(
    "answer",
    [
        in_two,
        lambda cell: nbformat.v4.new_markdown_cell("Because."),
        lambda cell: nbformat.v4.new_raw_cell("Because."),
        lambda cell: nbformat.v4.new_code_cell("# Because\n\n# it is so."),
        lambda cell: nbformat.v4.new_code_cell("'Because.'"),
        lambda cell: nbformat.v4.new_code_cell("f" + "'" * 3 + "Because {1}." + "'" * 3),
    ],
)
def test_an_answer_in_a_cell_of_ones_own_waits_for_a_person(released, solved, answer):
    name = tasks.load(A01).manual[0].name
    places = [reading.grade_id(cell) for cell in solved.cells]
    own = answer(solved.cells[places.index(name)])
    solved.cells.insert(places.index(name) + 1, own)
    found = by_id(made_of(solved, released))
    assert utils.determine_grade(found[name])[0] is None
    MetadataValidator().validate_nb(made_of(solved, released))


def test_code_of_ones_own_is_no_answer_in_words(released, solved):
    name = tasks.load(A01).manual[0].name
    for source in (
        "# A look at it.\nprint(1)",
        "",
        "   ",
        "%matplotlib inline",
        "'a'.upper()",
        "(",
    ):
        solved.cells.append(nbformat.v4.new_code_cell(source))
    assert utils.determine_grade(by_id(made_of(solved, released))[name])[0] == 0


def test_text_that_speaks_of_a_question_is_not_its_answer(released, solved):
    name = tasks.load(A01).manual[0].name
    by_id(solved)[name].source += " Because."
    solved.cells.append(nbformat.v4.new_markdown_cell(f"See (`{name}`, 4 points) above."))
    assert by_id(made_of(solved, released))[name].source.endswith("Because.")


def test_what_is_too_large_to_be_graded_keeps_its_text(released, solved):
    name, other = (question.name for question in tasks.load(A01).manual[:2])
    by_id(solved)[name].source += " Because."
    solved.cells.append(nbformat.v4.new_code_cell("x = 1\n" * 2**16))
    found = made_of_file(solved, released)
    assert by_id(found)[name].source.endswith("Because.")
    assert utils.determine_grade(by_id(found)[name])[0] is None
    assert any(cell.source.startswith("x = 1") for cell in found.cells)
    # Of more cells than anybody can look at there are some, and it is said.
    solved.cells[-1:] = [nbformat.v4.new_markdown_cell(f"{number}") for number in range(3000)]
    found = made_of_file(solved, released)
    assert len(found.cells) < reading.MAX_CELLS + len(released.cells)
    assert "more cells were handed in" in found.cells[-1].source
    assert utils.determine_grade(by_id(found)[other])[0] is None


def made_of_file(notebook, released):
    every = beside.readable_cells(nbformat.writes(notebook).encode())
    return autograded.autograded_notebook(every, released, verdict())


def test_a_missing_answer_is_no_answer_and_a_missing_check_has_its_score(released, solved):
    manual = tasks.load(A01).manual[0].name
    solved.cells = [
        cell for cell in solved.cells if reading.grade_id(cell) not in (KL, f"{KL}-answer", manual)
    ]
    found = made_of(solved, released)
    check_whole(found, cells_of(nbformat.writes(solved)), released, 0)
    assert autograded.MISSING in by_id(found)[f"{KL}-answer"].source
    order = [reading.grade_id(cell) for cell in found.cells if reading.grade_id(cell)]
    assert order == [reading.grade_id(cell) for cell in released.cells if reading.grade_id(cell)]
    assert utils.determine_grade(by_id(found)[manual])[0] == 0
    # The answer may stand in a cell of the student's own.
    solved.cells.append(nbformat.v4.new_markdown_cell("Because."))
    assert utils.determine_grade(by_id(made_of(solved, released))[manual])[0] is None


WRITTEN = tasks.load(A01).manual[0].name
STUB = f'def {KL}(mu, log_var):\n    """Mine."""\n    raise NotImplementedError("write {KL}")'
RIGHT = f"def {KL}(mu, log_var):\n    return mu"


@pytest.mark.parametrize(
    ("name", "first", "second", "counts"),
    [
        # A cell is (kind, source, whether it has the id).
        (f"{KL}-answer", ("code", RIGHT, False), ("code", "# see above", True), 0),
        (f"{KL}-answer", ("code", RIGHT, False), ("markdown", f"{RIGHT} + 1", True), 0),
        (f"{KL}-answer", ("code", RIGHT, False), ("code", STUB, True), 0),
        (
            f"{KL}-answer",
            ("code", RIGHT, True),
            ("code", RIGHT.replace("return mu", "return 2"), False),
            1,
        ),
        (
            f"{KL}-answer",
            ("code", RIGHT, True),
            ("code", RIGHT.replace("return mu", "return 2"), True),
            1,
        ),
        (WRITTEN, ("markdown", "Because.", True), ("markdown", "as released", True), 0),
    ],
)
def test_of_several_cells_the_likeliest_counts(released, solved, name, first, second, counts):
    place = next(n for n, cell in enumerate(solved.cells) if reading.grade_id(cell) == name)
    own = solved.cells.pop(place)
    copies = []
    for kind, source, has_id in (first, second):
        text = by_id(released)[name].source if source == "as released" else source
        metadata = dict(own.metadata) if has_id else {}
        copies.append(reading.TextCell(kind, text, metadata))
    cells = cells_of(nbformat.writes(solved))
    found = autograded.autograded_notebook(
        [*cells[:place], *copies, *cells[place:]], released, verdict()
    )
    assert by_id(found)[name].source == copies[counts].source
    assert copies[1 - counts].source in [cell.source for cell in found.cells]


def test_what_is_written_into_a_locked_cell_is_kept_behind_it(released, solved):
    marked = by_id(solved)
    experiment = next(name for name in marked if name.startswith("experiment"))
    marked[experiment].source += "\nmine = 1"
    marked[KL].source = f'check("{KL}", hint=True)'
    found = made_of(solved, released)
    sources = [cell.source for cell in found.cells]
    assert f"{by_id(released)[experiment].source}\nmine = 1" in sources
    assert len(sources) == len(released.cells) + 1


def test_text_is_never_parsed_as_code(released, monkeypatch):
    """There may be megabytes of it: parsed as Python they take gigabytes."""
    parsed, find = [], autograded.cells.find_definitions

    def watch(source):
        parsed.append(source)
        return find(source)

    monkeypatch.setattr(autograded.cells, "find_definitions", watch)
    text = "a\n" * 1000
    released = nbformat.from_dict(json.loads(json.dumps(released)))
    released.cells.append(nbformat.v4.new_markdown_cell(text))
    made = made_of(released, released)
    assert any(cell.source == text for cell in made.cells)
    assert text not in parsed


def test_an_answer_that_became_text_and_lost_its_id_is_that_answer(released, solved):
    changed = nbformat.from_dict(json.loads(json.dumps(solved)))
    cell = next(one for one in changed.cells if reading.grade_id(one) == f"{KL}-answer")
    source = cell.source
    changed.cells[changed.cells.index(cell)] = nbformat.v4.new_markdown_cell(source)
    assert by_id(made_of(changed, released))[f"{KL}-answer"].source == source


@pytest.mark.parametrize("call", ["check" + ".a" * 2000 + "()", "(" * 80 + ")" * 80, "check(" * 50])
def test_a_locked_cell_may_become_anything(released, call):
    changed = nbformat.from_dict(json.loads(json.dumps(released)))
    cell = next(cell for cell in changed.cells if reading.grade_id(cell) == KL)
    cell.source = call
    assert any(cell.source == call for cell in made_of(changed, released).cells)
