import ast
import copy
import inspect
import json
import math
import os
import re
import subprocess
import sys
import zipfile
from functools import cache

import nbformat
import numpy as np
import pytest
import soak
from nbgrader.nbgraderformat.v3 import MetadataValidatorV3
from vikit import networks
from vikit.notebook.cells import TEXT_STUB, UNTOUCHED, digest_text, is_stub
from vikit.protocol import public_cases
from vikit.protocol.wire import BuiltArgument, Tensor

from autograder import tasks
from autograder.build import archive, clearing, notebooks, script, settled
from autograder.build.script import ScriptError
from autograder.tasks import drawing, separation

NAMES = tasks.names()


@pytest.fixture(scope="module")
def built():
    return {name: notebooks.release(name) for name in NAMES}


@pytest.fixture(scope="module")
def release_zip(tmp_path_factory, built):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(notebooks, "release", built.__getitem__)
        return archive.write_release(tmp_path_factory.mktemp("release"))


def test_assignments_are_up_to_date_to_the_byte(built):
    assert built
    for name, files in built.items():
        assert set(files) == {f"{name}.ipynb", "public_cases.json"}
        for file, content in files.items():
            assert (notebooks.ASSIGNMENTS / name / file).read_bytes() == content, (
                f"run `make assignments`: {name}/{file}"
            )


def test_nothing_else_stands_in_an_assignments_folder():
    for name in NAMES:
        assert {path.name for path in (notebooks.ASSIGNMENTS / name).iterdir()} == {
            f"{name}.ipynb",
            "public_cases.json",
        }


def test_a_second_build_gives_the_same_bytes(built):
    name = NAMES[0]
    assert notebooks.release(name) == built[name]


def test_the_release_zip_is_reproducible(built, release_zip, tmp_path, monkeypatch):
    one, other = (archive.write_release(tmp_path / name, NAMES[:1]) for name in "ab")
    assert one.read_bytes() == other.read_bytes()
    monkeypatch.setattr(notebooks, "release", built.__getitem__)
    assert archive.write_release(tmp_path).read_bytes() == release_zip.read_bytes()


# Another processor: the last digits of what it computes are others.


@pytest.mark.soak
def test_a_build_on_another_processor_changes_nothing(tmp_path):
    """NumPy without the code paths that it has for this processor stands for another one."""
    features = np._core._multiarray_umath.__cpu_features__
    used = [name for name in np._core._multiarray_umath.__cpu_dispatch__ if features.get(name)]
    if not used:
        pytest.skip("NumPy has one code path only on this processor")
    code = (
        "import pathlib, sys; from autograder.build import notebooks; from autograder.reference "
        "import device; device.choose(); notebooks.write_assignments(pathlib.Path(sys.argv[1]))"
    )
    less = os.environ | {"NPY_DISABLE_CPU_FEATURES": " ".join(used)}
    subprocess.run([sys.executable, "-c", code, tmp_path], env=less, check=True)
    for name in NAMES:
        for file in (f"{name}.ipynb", public_cases.FILE_NAME):
            assert (tmp_path / name / file).read_bytes() == (
                notebooks.ASSIGNMENTS / name / file
            ).read_bytes()


def public_content(name):
    return json.loads(
        (notebooks.ASSIGNMENTS / name / public_cases.FILE_NAME).read_text(encoding="utf-8")
    )


def moved(values, share, question):
    """Returns nested lists of numbers, each moved by a share of the question's tolerance."""
    if isinstance(values, list):
        return [moved(value, share, question) for value in values]
    if isinstance(values, str):
        return values
    return values + share * (question["atol"] + question["rtol"] * abs(values))


@pytest.mark.parametrize(
    ("where", "share", "kept"),
    [
        ("expected", 1e-6, True),
        ("expected", 1e-3, False),
        ("wrong", 0.1, True),
        ("wrong", 5.0, False),
    ],
)
@pytest.mark.parametrize("name", [NAMES[0], *map(soak.later, NAMES[1:])])
def test_a_question_stays_as_it_was_written_where_the_values_say_the_same(name, where, share, kept):
    old = public_content(name)
    new = copy.deepcopy(old)
    asked = [question for question in new["questions"] if question["cases"]]
    assert asked
    for question in asked:
        for case in question["cases"]:
            if where == "expected":
                case["expected"] = moved(case["expected"], share, question)
            else:
                first = next(iter(case["wrong"]))
                case["wrong"][first] = moved(case["wrong"][first], share, question)
    assert new != old
    before = {question["name"]: question for question in old["questions"]}
    after = json.loads(
        settled.settle(public_cases.format_content(new), public_cases.format_content(old))
    )["questions"]
    for question, built in zip(after, new["questions"], strict=True):
        assert question == (before[question["name"]] if kept else built), question["name"]


def test_texts_inputs_and_shapes_stay_only_where_they_are_the_same():
    old = public_content(NAMES[0])
    old["questions"] = old["questions"][:2]
    changes = (
        lambda question: question["mistakes"][0].update(hint="Another."),
        lambda question: question["cases"][0]["arguments"][0].update(array=[[0.25]]),
        lambda question: question["cases"][0].update(expected=[question["cases"][0]["expected"]]),
        lambda question: question["cases"].pop(),
        lambda question: question.update(atol=1e-4),
        lambda question: question["cases"][0]["wrong"].pop(
            next(iter(question["cases"][0]["wrong"]))
        ),
    )
    for change in changes:
        new = copy.deepcopy(old)
        change(new["questions"][0])
        assert new != old
        assert settled.settle(
            public_cases.format_content(new), public_cases.format_content(old)
        ) == public_cases.format_content(new)


@pytest.mark.parametrize(
    "old",
    [
        "",
        "<<<<<<< HEAD\n",
        "[]",
        "{}",
        '{"questions": [1]}',
        '{"questions": [{"name": "posterior_from_joint"}]}',
    ],
)
def test_a_damaged_file_of_public_cases_is_built_anew(old):
    new = public_cases.format_content(public_content(NAMES[0]))
    assert settled.settle(new, old) == new


def test_values_are_written_as_finely_as_the_tolerance_can_tell():
    values = np.array([-1.1e-16, -0.0, 0.123456789, -1636243.0, np.nan, -np.inf])
    assert public_cases.round_to_lists(values, 1e-6, 1e-5) == [
        0.0,
        0.0,
        0.123457,
        -1636240.0,
        "nan",
        "-inf",
    ]
    assert [
        math.copysign(1, value) for value in public_cases.round_to_lists(values[:2], 1e-6, 1e-5)
    ] == [1, 1]


def nudged(argument):
    """Returns an argument with each of its float32 numbers moved by the last bit; whole numbers are
    labels and stay.
    """
    match argument:
        case BuiltArgument(kind, arrays):
            return BuiltArgument(kind, tuple(nudged(array) for array in arrays))
        case Tensor(array):
            return Tensor(nudged(array))
        case np.ndarray():
            signs = (-1.0) ** np.arange(argument.size).reshape(argument.shape)
            last = signs * np.spacing(np.abs(argument))
            return np.where(argument == np.round(argument), argument, argument + last).astype(
                argument.dtype
            )
    return argument


def single_variants(name, definition):
    """Yields (label, values, values on nudged inputs) of the variants of mistakes that are computed
    in float32.
    """
    definition = separation.replace_unsteady(definition)
    variants = tasks.find_structure(name, definition).variants
    question = tasks.draw_for_student(name, definition, "", separation.PUBLIC)
    for case, draw in zip(question.cases, definition.cases, strict=True):
        here = drawing.evaluate_case(definition, draw, case.arguments, variants)
        there = drawing.evaluate_case(
            definition, draw, tuple(nudged(argument) for argument in case.arguments), variants
        )
        for wrong in definition.mistakes:
            values = zip(
                variants[wrong.name], here.wrong[wrong.name], there.wrong[wrong.name], strict=True
            )
            for index, one, other in values:
                if index % 2:
                    label = f"{question.name}, {case.name}: {wrong.name}, {index}"
                    yield label, drawing.flatten([one]), drawing.flatten([other])


@pytest.mark.parametrize("name", NAMES)
def test_no_public_value_of_a_mistake_is_decided_by_rounding_alone(name):
    """What changes by more than the tolerance with the last bit of its inputs is another value on
    each processor.
    """
    for question in tasks.load(name).functions:
        for label, one, other in single_variants(name, question):
            finite = np.isfinite(one) & np.isfinite(other)
            one, other = one[finite], other[finite]
            assert np.all(np.abs(one - other) <= question.atol + question.rtol * np.abs(one)), label


def test_of_some_mistakes_the_public_cases_hold_values_in_float32():
    assert any(
        label
        for question in tasks.load("a01_densities").functions
        for label, *_ in single_variants("a01_densities", question)
    )


@pytest.mark.parametrize("name", NAMES)
def test_nbgrader_accepts_the_notebook(built, name):
    notebook = nbformat.reads(built[name][f"{name}.ipynb"].decode(), as_version=4)
    nbformat.validate(notebook)
    validator = MetadataValidatorV3()
    validator.validate_nb(notebook)
    for cell in notebook.cells:
        validator.validate_cell(cell)


@pytest.mark.parametrize("name", NAMES)
def test_each_question_has_one_grade_cell_of_its_name_and_points(built, name):
    notebook = nbformat.reads(built[name][f"{name}.ipynb"].decode(), as_version=4)
    graded = [
        cell.metadata.nbgrader
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    ]
    assignment = tasks.load(name)
    wanted = {
        question.name: question.points for question in (*assignment.questions, *assignment.manual)
    }
    assert sorted((cell.grade_id, cell.points) for cell in graded) == sorted(wanted.items())


@pytest.mark.parametrize("name", NAMES)
def test_the_heading_of_a_written_question_shows_its_name_and_points(built, name):
    """Under that name `submit` lists it; the metadata knows its text as it was released."""
    notebook = nbformat.reads(built[name][f"{name}.ipynb"].decode(), as_version=4)
    cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in notebook.cells}
    written = tasks.load(name).manual
    assert written
    for question in written:
        cell = cells[question.name]
        heading = cell.source.split("\n")[0]
        assert re.fullmatch(rf"### .+ \(`{question.name}`, {question.points:g} points?\)", heading)
        assert cell.metadata[UNTOUCHED] == digest_text(cell.source)
        assert cell.metadata[UNTOUCHED] != digest_text(cell.source.replace(TEXT_STUB, "Yes."))


@pytest.mark.parametrize("name", NAMES)
def test_no_cell_has_a_gap_where_a_solution_was_taken_out(built, name):
    cells = nbformat.reads(built[name][f"{name}.ipynb"].decode(), as_version=4).cells
    assert len(cells) > 20
    assert [cell.source for cell in cells if "\n\n\n\n" in cell.source] == []


@pytest.mark.parametrize("name", NAMES)
def test_an_untouched_stub_raises_when_it_is_called_and_not_before(built, name):
    notebook = nbformat.reads(built[name][f"{name}.ipynb"].decode(), as_version=4)
    answers = [
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id", "").endswith("-answer")
    ]
    assert answers
    for cell in answers:
        tree = ast.parse(cell.source)
        outside = [
            part
            for node in tree.body
            for part in (node.body if isinstance(node, ast.ClassDef) else [node])
        ]
        assert not [part for part in outside if isinstance(part, ast.Raise)], cell.source
        defined = {
            node.name: node
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
        }
        assert is_stub(defined[cell.metadata.nbgrader.grade_id.removesuffix("-answer")]), (
            cell.source
        )
        for defined_name, node in defined.items():
            asked = re.findall(
                r'NotImplementedError\("write (\w+)', "\n".join(lines_of(cell, node))
            )
            assert set(asked) <= {defined_name}, cell.source


def lines_of(cell, node):
    """Returns the lines of a cell in which a function or class is defined."""
    return cell.source.split("\n")[node.lineno - 1 : node.end_lineno]


@pytest.mark.parametrize("name", NAMES)
def test_experiments_are_tagged_and_locked_and_nothing_has_outputs(built, name):
    notebook = nbformat.reads(built[name][f"{name}.ipynb"].decode(), as_version=4)
    experiments = [cell for cell in notebook.cells if "experiment" in cell.metadata.get("tags", [])]
    assert experiments
    assert all(
        cell.metadata.nbgrader.locked and not cell.metadata.nbgrader.grade for cell in experiments
    )
    assert all(
        not cell.outputs and cell.execution_count is None
        for cell in notebook.cells
        if cell.cell_type == "code"
    )
    assert "__main__" not in "".join(cell.source for cell in experiments)


# No solution in what students get.


def solution_regions():
    for name in NAMES:
        for cell in script.read(script.SOLUTIONS / f"{name}.py"):
            for region in script.regions(cell):
                yield cell, region


def released_texts(built, release_zip):
    """Every text that a student can read, notebooks cell by cell."""
    texts = {}
    for name, files in built.items():
        for cell in nbformat.reads(files[f"{name}.ipynb"].decode(), as_version=4).cells:
            texts[f"{name}, {cell.id}"] = cell.source
        texts[f"{name}, public cases"] = files["public_cases.json"].decode()
    with zipfile.ZipFile(release_zip) as archive_file:
        for member in archive_file.namelist():
            if member.endswith(".ipynb"):
                cells = json.loads(archive_file.read(member))["cells"]
                texts[f"zip, {member}"] = "\n".join("".join(cell["source"]) for cell in cells)
            elif not member.endswith(".npz"):
                texts[f"zip, {member}"] = archive_file.read(member).decode()
    return texts


def expressions(code):
    """Yields the expressions of three or more tokens in `code`; a dotted name counts as one
    token.
    """
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.expr) and not is_dotted(node):
            text = ast.unparse(node)
            if len(re.findall(r"[\w.]+|[^\w\s]", text)) >= 3:
                yield text


def is_dotted(node):
    return isinstance(node, ast.Name) or (isinstance(node, ast.Attribute) and is_dotted(node.value))


@cache
def tokens(text):
    """Returns `text` as its tokens between single spaces: words (dotted names whole) and signs,
    whatever the layout.
    """
    return " " + " ".join(re.findall(r"[\w.]+|[^\w\s]", text)) + " "


def said_by_design():
    """Yields what is released on purpose: lecture text, signatures and docstrings, those of vikit's
    networks as well.
    """
    yield from (
        ast.get_docstring(node) or ""
        for node in ast.walk(ast.parse(inspect.getsource(networks)))
        if is_defined(node)
    )
    for name in NAMES:
        for cell in script.read(script.SOLUTIONS / f"{name}.py"):
            if cell.is_markdown:
                yield script.REGION.sub("", cell.source)
            elif cell.kind == "answer":
                yield from signatures_and_docstrings(cell)


def signatures_and_docstrings(cell):
    """Yields those of the functions and classes of an answer, but for what stands in a solution
    region.
    """
    inside = {
        cell.source.count("\n", 0, place) + 1
        for region in script.REGION.finditer(cell.source)
        for place in range(*region.span(1))
    }
    for node in ast.walk(ast.parse(cell.source)):
        if is_defined(node) and node.lineno not in inside:
            yield ast.get_docstring(node) or ""
            if isinstance(node, ast.FunctionDef):
                yield f"def {node.name}({ast.unparse(node.args)}):"


def is_defined(node):
    return isinstance(node, ast.FunctionDef | ast.ClassDef)


# A dotted name: what a library or the model itself is asked for, which no formula holds.
CODE = re.compile(r"[A-Za-z_]\w*\.\w")
# Pieces of answers that stand elsewhere as well, where they tell nothing of the answer.
COMMON = {
    " tf.GradientTape ( ) ": "each training that is given",
    " with tf.GradientTape ( ) as tape : ": "each training that is given",
    " tf.sqrt ( var ) ": "Listing 1 of document 000, which a question quotes",
    " log_px_given_z + log_pz ": "a grid over the joint density, in a03",
    " w * z ": "the linear models that vikit makes",
}


def is_said(piece, design):
    """Tells whether a text, a signature or a docstring says a piece anyway, as `(zK, sum_log_det)`;
    none says code.
    """
    return not CODE.search(piece) and piece.replace(" return ", " ", 1) in design


def pieces_of(cell, region):
    """Yields the lines of a solution region, and of code its expressions, as tokens; those of three
    tokens and more.
    """
    yield from (tokens(line) for line in region.splitlines() if len(tokens(line).split()) >= 3)
    if cell.kind == "answer":
        body = "def region():\n" + region if region.startswith(" ") else region
        yield from (tokens(expression) for expression in expressions(body))


def leaks(built, release_zip):
    """Yields (question, piece, place) for each piece of a solution that is found in a released
    text, and not said anyway.
    """
    design = "\n".join(map(tokens, said_by_design()))
    pieces = {(question, piece) for question, piece in all_pieces() if not is_said(piece, design)}
    for place, text in released_texts(built, release_zip).items():
        there = found_in(tokens(text))
        yield from ((question, piece, place) for question, piece in pieces if piece in there)


@cache
def all_pieces():
    """Returns (question, piece) of each solution region."""
    return {
        (cell.question, piece)
        for cell, region in solution_regions()
        for piece in pieces_of(cell, region)
    }


@cache
def found_in(released):
    """Returns the pieces of solutions that a released text holds: most are searched many times."""
    return {piece for _, piece in all_pieces() if piece in released}


def explain_leak(leak):
    question, piece, place = leak
    return (
        f"{place} holds '{piece}' of the answer to {question} (public cases hold its hints): say "
        "it in other words there, or say it in the question's text or docstring too"
    )


def test_nothing_of_a_solution_is_released(built, release_zip):
    texts = released_texts(built, release_zip)
    assert len(texts) > 20
    assert any("vikit" in place for place in texts)
    assert any("def kl_to_standard_normal" in text for text in texts.values())
    assert sum(1 for _ in solution_regions()) >= 4
    found = list(leaks(built, release_zip))
    leaked = [leak for leak in found if leak[1] not in COMMON]
    assert leaked == [], "\n".join(map(explain_leak, leaked))
    assert {piece for _, piece, _ in found} == set(COMMON)


def uncleared(name):
    """Returns the notebook that is released where `clearing` leaves answers as they are."""
    cells = script.read(script.SOLUTIONS / f"{name}.py")
    return nbformat.writes(notebooks.student_notebook(tasks.load(name), cells)).encode()


def test_every_piece_of_a_leak_would_be_seen(built, release_zip, monkeypatch):
    """The same search finds all lines of a solution that really is released, its cells not cleared,
    but for what is said.
    """
    monkeypatch.setattr(clearing, "clear_answer", lambda node: None)
    leaky = {name: built[name] | {f"{name}.ipynb": uncleared(name)} for name in NAMES}
    found = {(question, piece) for question, piece, _ in leaks(leaky, release_zip)}
    lines = {
        (cell.question, tokens(line))
        for cell, region in solution_regions()
        for line in region.splitlines()
        if len(tokens(line).split()) >= 3
    }
    unseen = lines - found
    design = "\n".join(map(tokens, said_by_design()))
    assert all(is_said(piece, design) for _, piece in unseen), unseen
    # What is said is little, and never a whole answer.
    assert len(unseen) < len(lines) / 20, unseen
    assert {question for question, _ in found} == {cell.question for cell, _ in solution_regions()}


def with_text(built, text):
    """Returns the released files with a cell of Markdown more in the first notebook."""
    name = NAMES[0]
    notebook = nbformat.reads(built[name][f"{name}.ipynb"].decode(), as_version=4)
    notebook.cells.append(nbformat.v4.new_markdown_cell(text))
    return built | {name: {**built[name], f"{name}.ipynb": nbformat.writes(notebook).encode()}}


@pytest.mark.parametrize(
    "around", ["return {} + 0", *map(soak.later, ("x = 3\n{}", "said:{}!", "({})\nmore words"))]
)
def test_a_leak_is_seen_whatever_stands_around_it(built, release_zip, around):
    region = next(
        region for cell, region in solution_regions() if cell.question == "kl_to_standard_normal"
    )
    expression = max(expressions("def region():\n" + region), key=len)
    leaky = with_text(built, around.format(expression))
    assert tokens(expression) in {piece for _, piece, _ in leaks(leaky, release_zip)}


def test_code_of_an_answer_is_a_leak_in_a_lecture_text_too(built, release_zip, monkeypatch):
    region = next(
        region for cell, region in solution_regions() if cell.question == "gaussian_entropy"
    )
    monkeypatch.setattr(sys.modules[__name__], "said_by_design", lambda: [region])
    (*_, answer) = region.strip().splitlines()
    assert tokens(answer) in {piece for _, piece, _ in leaks(with_text(built, region), release_zip)}


def test_the_lectures_own_names_and_what_a_docstring_returns_are_no_leak(built, release_zip):
    names = "sum_log_det zK h r psi w_dot_u log_joint reconstruction: returns (zK, sum_log_det)"
    said = {piece for _, piece, _ in leaks(with_text(built, names), release_zip)}
    assert said == set(COMMON)


def test_later_assignments_do_not_paste_the_networks_of_the_vae():
    lines = {
        (name, tokens(line))
        for name in ("a03_vae", "a05_vib", "a06_flows")
        for cell in script.read(script.SOLUTIONS / f"{name}.py")
        if name != "a03_vae" or cell.question in ("Encoder", "Decoder")
        for region in script.regions(cell)
        for line in region.splitlines()
    }
    networks_of_vae = {line for name, line in lines if name == "a03_vae"}
    assert len(networks_of_vae) >= 8
    assert not networks_of_vae & {line for name, line in lines if name != "a03_vae"}


def test_nothing_of_the_instructors_package_is_in_the_zip(release_zip):
    members = zipfile.ZipFile(release_zip).namelist()
    roots = {member.split("/")[1] for member in members}
    assert roots == {*NAMES, "vikit", "data", "LICENSE", "README.md", "ERRATA.md"}
    assert not any("autograder" in member or "solutions" in member for member in members)


# What the build refuses.

GOOD = '''\
# %% [markdown]
# Text.

# %%
import numpy as np

# %% question="f"
def f(x):
    """Returns x."""
    # BEGIN SOLUTION
    return x
    # END SOLUTION
'''


def read(tmp_path, text):
    path = tmp_path / "script.py"
    path.write_text(text)
    return script.read(path)


def test_a_good_script_is_read(tmp_path):
    assert [cell.kind for cell in read(tmp_path, GOOD)] == ["text", "code", "answer"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('question="f"', 'queston="f"', "unknown marker queston"),
        ('question="f"', 'tags=["slow"]', "unknown marker slow"),
        ('question="f"', 'question="f" points=3', "unknown marker points"),
        ("# %%\nimport", "# %% [raw]\n# import", "unknown marker raw"),
        ('# %% question="f"', "# %%", "has no question"),
        ("    # END SOLUTION\n", "", "do not pair up"),
        ("    # BEGIN SOLUTION\n", "", "do not pair up"),
        (
            "    # BEGIN SOLUTION\n    return x\n    # END SOLUTION\n",
            "    return x\n",
            "needs one solution region",
        ),
        ("# %%\nimport numpy as np", '# %% tags=["experiment"]\nf(3)', "must stand under"),
        ("# %%\nimport numpy as np", '# %% tags=["solution"]\nf(3)', "unknown marker solution"),
        (
            "# %%\nimport numpy as np",
            '# %% tags=["experiment"]\nif __name__ == "__main__":\n    pass\nprint(1)',
            "all of an experiment",
        ),
    ],
)
def test_a_bad_script_is_refused_with_the_reason(tmp_path, old, new, said):
    assert old in GOOD
    with pytest.raises(ScriptError, match=said):
        read(tmp_path, GOOD.replace(old, new))


def test_an_experiment_of_the_solutions_runs_with_them_and_is_not_released(tmp_path, a01):
    marked = '# %% tags=["experiment", "solution"]\nif __name__ == "__main__":\n    shown = 3\n'
    cells = read(tmp_path, f"{GOOD}\n{marked}")
    assert cells[-1].kind == "demonstration"
    sources = {
        make: [cell.source for cell in getattr(notebooks, make)(a01, cells[:2] + cells[-1:]).cells]
        for make in ("student_notebook", "solution_notebook")
    }
    assert "shown = 3" in sources["solution_notebook"]
    assert "shown = 3" not in sources["student_notebook"]


def test_the_script_answers_the_questions_of_the_assignment_each_once(a01):
    cells = script.read(script.SOLUTIONS / "a01_densities.py")
    script.check_questions(cells, a01)
    answer = next(cell for cell in cells if cell.kind == "answer")
    with pytest.raises(ScriptError, match=f"no cell for the question '{answer.question}'"):
        script.check_questions([cell for cell in cells if cell is not answer], a01)
    with pytest.raises(ScriptError, match=f"two cells for the question '{answer.question}'"):
        script.check_questions([*cells, answer], a01)
    with pytest.raises(ScriptError, match="answers 'other', which is no question"):
        script.check_questions(
            [*cells, script.ScriptCell("answer", "def other(): pass", "other")], a01
        )
    manual = next(cell for cell in cells if cell.kind == "manual")
    with pytest.raises(ScriptError, match=f"no cell for the question '{manual.question}'"):
        script.check_questions([cell for cell in cells if cell is not manual], a01)


def test_an_answer_cell_must_define_its_question(a01):
    cells = script.read(script.SOLUTIONS / "a01_densities.py")
    renamed = [
        (
            script.ScriptCell(cell.kind, cell.source.replace("def ", "def my_"), cell.question)
            if cell.kind == "answer"
            else cell
        )
        for cell in cells
    ]
    with pytest.raises(ScriptError, match="does not define it"):
        script.check_questions(renamed, a01)


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_is_a_module_that_plots_nothing(name, monkeypatch):
    import importlib

    from matplotlib import pyplot

    monkeypatch.setattr(pyplot, "show", lambda: pytest.fail("an import must not plot"))
    module = importlib.import_module(f"solutions.{name}")
    for question in tasks.load(name).questions:
        assert callable(getattr(module, question.name))


@pytest.mark.parametrize("name", NAMES)
def test_a_hand_graded_question_has_a_rubric_for_all_its_points(name):
    manual = {question.name: question.points for question in tasks.load(name).manual}
    cells = [cell for cell in script.read(script.SOLUTIONS / f"{name}.py") if cell.kind == "manual"]
    assert cells
    for cell in cells:
        (region,) = script.regions(cell)
        assert f"**Rubric ({manual[cell.question]:g} points).**" in region
        points = [int(count) for count in re.findall(r"(\d+)\s+points?:", region)]
        assert sum(points) == manual[cell.question]
