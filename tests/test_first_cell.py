"""The first cell of every notebook, run as it stands in folders with small stand-ins for vikit,
without installed packages.
"""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from autograder import tasks
from autograder.build import notebooks, script

A01 = "a01_densities"


@pytest.fixture
def tmp_path(tmp_path):
    """Returns a folder whose neighbours are not those of other tests: the cell looks at them
    too.
    """
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    return folder


CELL = notebooks.first_cell(A01)
NAMES = "check, check_all, load, start, submit"
OLD, NEW, NEWEST = "0.9.0", "0.10.0", "1.0"


def kit(version, parts=()):
    """Returns the files of a stand-in for the kit; `parts` says what is wrong with it."""
    line = f'__version__ = "{version}"\n' if version else ""
    checking = "import json, numpy_that_is_not_here\n" if "needs numpy" in parts else ""
    checking += "raise ImportError('DLL load failed')\n" if "needs a library" in parts else ""
    checking += (
        "check = check_all = load = submit = print\ndef start(name):\n    print('started', name)\n"
    )
    files = {
        "vikit/__init__.py": f'"""The kit."""\n{line}from .checking import {NAMES}\n',
        "vikit/checking.py": f"{checking}from . import plots\n",
        "vikit/plots.py": "",
        f"{A01}/public_cases.json": "{}",
    }
    missing = {
        "no plots": "vikit/plots.py",
        "no cases": f"{A01}/public_cases.json",
        "no vikit": "vikit/__init__.py",
    }
    for part in parts:
        files.pop(missing.get(part), None)
    if "empty" in parts:
        files["vikit/__init__.py"] = line
    if "cut" in parts:
        files["vikit/checking.py"] = checking[:-8]
    return files


def write(place, version, *parts):
    """Writes a kit as a folder, or as the zip that students get."""
    files = kit(version, parts)
    if place.suffix.lower() != ".zip":
        for name, text in files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(place, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"variational-inference-assignments/{name}", text)
    content = place.read_bytes()
    if "truncated" in parts:
        place.write_bytes(content[: len(content) // 2])
    if "bit" in parts:
        at = content.index(b"def start")
        place.write_bytes(content[:at] + b"D" + content[at + 1 :])
    if "none" in parts:
        place.write_bytes(b"")


def run(folder, *before, code=CELL):
    """Runs the cell in `folder` in a fresh Python without its installed packages; returns what it
    printed, and errors.
    """
    tell = "print('version', vikit.__dict__.get('__version__'), 'from', vikit.__file__)"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TF_"))
    }
    script = "\n".join([*before, code, tell])
    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


HERE = "nb"
UNPACKED = "variational-inference-assignments"
# Where kits lie, as seen from the folder above the notebook's;
# which of them must win; what must be said.
LAYOUTS = {
    "beside the notebook's folder": ({".": [OLD]}, OLD, []),
    "beside the notebook": ({HERE: [OLD]}, OLD, []),
    "in a folder beside the notebook": ({"nb/kit": [OLD]}, OLD, []),
    "Windows' double folder": ({"nb/kit/kit": [OLD]}, OLD, []),
    "a folder of that name in itself": ({"nb/vikit": [OLD]}, OLD, []),
    "on a drive that is mounted as folders": ({"nb/drive/MyDrive/course/kit": [OLD]}, OLD, []),
    "a zip": ({"nb/kit.zip": [OLD]}, OLD, []),
    "a zip in capitals": ({"nb/KIT.ZIP": [OLD]}, OLD, []),
    "a zip that Colab has renamed": ({"nb/kit (1).zip": [OLD]}, OLD, []),
    "a zip and its double folder": (
        {"nb/kit.zip": [OLD], "nb/kit/kit": [OLD]},
        OLD,
        ["nb/kit/kit, the newest of 2"],
    ),
    "a zip and a copy on a drive": (
        {"nb/kit.zip": [OLD], "nb/drive/MyDrive/kit": [OLD]},
        OLD,
        ["the newest of 2"],
    ),
    "a newer zip": (
        {HERE: [OLD], "nb/kit.zip": [NEW]},
        NEW,
        ["0.10.0 comes from kit.zip, the newest of 2"],
    ),
    "an older zip": ({HERE: [NEW], "nb/kit.zip": [OLD]}, NEW, ["nb, the newest of 2"]),
    "a newer zip, renamed": (
        {"nb/kit.zip": [OLD], "nb/kit (1).zip": [NEW]},
        NEW,
        ["from kit (1).zip"],
    ),
    "an older zip, renamed": (
        {"nb/kit.zip": [NEW], "nb/kit (1).zip": [OLD]},
        NEW,
        ["from kit.zip"],
    ),
    "a kit before there were versions": ({".": [""]}, None, []),
    "a newer zip beside one of those": ({".": [""], "nb/kit.zip": [OLD]}, OLD, ["from kit.zip"]),
    "an older zip of those": ({".": [OLD], "nb/kit.zip": [""]}, OLD, ["the newest of 2"]),
    "three, the newest far down": (
        {".": [OLD], "nb/a.zip": [NEW], "nb/x/y/z": [NEWEST]},
        NEWEST,
        ["nb/x/y/z, the newest"],
    ),
    "a newer one above": ({"nb": [OLD], ".": [NEW]}, NEW, ["the newest of 2"]),
    "a broken zip": ({".": [OLD], "nb/kit.zip": [NEW, "truncated"]}, OLD, ["Passed over kit.zip"]),
    "a broken bit": ({".": [OLD], "nb/kit.zip": [NEW, "bit"]}, OLD, ["Passed over kit.zip"]),
    "an empty zip": ({".": [OLD], "nb/kit.zip": [NEW, "none"]}, OLD, ["Passed over kit.zip"]),
    "a zip with a part of the kit": (
        {".": [OLD], "nb/kit.zip": [NEW, "no plots"]},
        OLD,
        ["Passed over the vikit in kit.zip"],
    ),
    "a zip of something else": (
        {".": [OLD], "nb/x.zip": [NEW, "no vikit"]},
        OLD,
        ["Passed over x.zip: it holds no vikit"],
    ),
    "a copy that was not finished": (
        {"nb": [NEW, "no plots"], "nb/kit.zip": [NEW]},
        NEW,
        ["Passed over the vikit in"],
    ),
    "a file that was not finished": (
        {"nb": [NEW, "cut"], "nb/kit.zip": [OLD]},
        OLD,
        ["Passed over the vikit in"],
    ),
    "an empty start": (
        {"nb": [NEW, "empty"], "nb/kit.zip": [OLD]},
        OLD,
        ["Passed over the vikit in"],
    ),
    "a copy of vikit alone": (
        {"nb": [NEW, "no cases"], "nb/kit.zip": [NEW]},
        NEW,
        ["from kit.zip"],
    ),
    "beside 300 other folders": (
        {"nb/zz": [OLD]} | {f"nb/{n:03d}": ["", "no vikit"] for n in range(300)},
        OLD,
        [],
    ),
    "a double folder beside 300": (
        {"nb/zz/zz": [OLD]} | {f"nb/{n:03d}": ["", "no vikit"] for n in range(300)},
        OLD,
        [],
    ),
    "in a folder beside the notebook's": ({"kit": [OLD]}, OLD, []),
    "in a folder one further up": ({"../kit": [OLD]}, OLD, []),
    "the zip's double folder beside the notebook's": ({f"{UNPACKED}-1/{UNPACKED}": [OLD]}, OLD, []),
    "hidden and installed copies": (
        {".": [OLD], "nb/.x": [NEW], "nb/env/lib/site-packages": [NEW]},
        OLD,
        [],
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_newest_whole_vikit_is_taken_wherever_it_lies(tmp_path, layout):
    places, version, said = LAYOUTS[layout]
    (tmp_path / HERE).mkdir()
    for place, what in places.items():
        write(tmp_path / place, *what)
    printed = run(tmp_path / HERE)
    assert f"started {A01}\nversion {version} from" in printed, printed
    for words in said:
        assert words.replace("/", os.sep) in printed, printed
    if not said:
        assert "newest of" not in printed
        assert "Passed over" not in printed


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ({}, []),
        (
            {"nb/kit.zip": [NEW, "truncated"]},
            ["Passed over kit.zip: File is not a zip file. If it is the kit, upload it again."],
        ),
        ({"nb/kit.zip": [NEW, "no plots"]}, ["Passed over the vikit in kit.zip: it is not whole"]),
        ({"nb/x.zip": [NEW, "no vikit"]}, ["Passed over x.zip: it holds no vikit"]),
    ],
)
def test_without_a_whole_vikit_it_says_why_and_what_to_do(tmp_path, places, said):
    (tmp_path / HERE).mkdir()
    for place, what in places.items():
        write(tmp_path / place, *what)
    printed = run(tmp_path / HERE)
    for words in [*said, "ImportError: No whole vikit is here.", "On Colab upload that zip"]:
        assert words in printed, printed


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("needs numpy", "ModuleNotFoundError: No module named 'numpy_that_is_not_here'"),
        ("needs a library", "ImportError: DLL load failed"),
    ],
)
def test_what_the_kit_needs_and_is_not_installed_is_named(tmp_path, part, said):
    write(tmp_path, NEW, part)
    printed = run(tmp_path)
    assert said in printed
    assert "not whole" not in printed


def test_an_installed_copy_is_taken_only_where_it_is_the_newest(tmp_path):
    write(tmp_path / "lib" / "site-packages", NEW)
    (tmp_path / "a" / "b" / HERE).mkdir(parents=True)
    installed = f"import sys; sys.path.append({str(tmp_path / 'lib' / 'site-packages')!r})"
    first = "print('first', sys.path[0])"
    printed = run(tmp_path / "a" / "b" / HERE, installed, code=f"{CELL}\n{first}")
    assert f"version {NEW} from" in printed
    assert "packages" not in printed.split("first")[1].splitlines()[0], (
        "nothing installed may hide Python's own modules"
    )
    write(tmp_path / "a" / "b" / HERE, OLD)
    assert f"vikit {NEW} comes from {tmp_path / 'lib' / 'site-packages'}" in run(
        tmp_path / "a" / "b" / HERE, installed
    )
    write(tmp_path / "a" / "b" / HERE, NEWEST)
    assert f"version {NEWEST} from" in run(tmp_path / "a" / "b" / HERE, installed)


def test_a_newer_kit_beside_a_running_one_asks_for_a_restart(tmp_path):
    write(tmp_path / "kit", OLD)
    write(tmp_path / "later" / "kit.zip", NEW)
    upload = "os.rename('later/kit.zip', 'kit (1).zip')"
    printed = run(tmp_path, code=f"{CELL}\n{upload}\n{CELL}")
    assert (
        "Restart the kernel (Colab: Runtime > Restart session): kit (1).zip holds a newer vikit"
        in printed
    )
    assert f"version {OLD} from" in printed
    assert "Restart" not in run(tmp_path, code=f"{CELL}\n{CELL}"), (
        "after a restart the new one runs"
    )
    assert f"version {NEW} from" in run(tmp_path)


def test_a_kit_that_was_passed_over_is_no_reason_for_a_restart(tmp_path):
    write(tmp_path / "kit", OLD)
    write(tmp_path / "kit.zip", NEW, "no plots")
    printed = run(tmp_path, code=f"{CELL}\n{CELL}")
    assert "Passed over the vikit in kit.zip" in printed
    assert "Restart" not in printed


def test_no_notebook_of_the_student_is_touched(tmp_path):
    write(tmp_path / "variational-inference-assignments", OLD)
    own = tmp_path / "variational-inference-assignments" / A01 / f"{A01}.ipynb"
    own.write_text("answers")
    with zipfile.ZipFile(tmp_path / "kit.zip", "w") as archive:
        for name, text in (kit(NEW) | {f"{A01}/{A01}.ipynb": "stubs"}).items():
            archive.writestr(f"variational-inference-assignments/{name}", text)
    assert f"version {NEW} from" in run(tmp_path)
    assert own.read_text() == "answers"


COUNTED = """
import os
import re
entered, walk = [], os.walk
os.walk = lambda top, *rest: entered.append(str(top)) or walk(top, *rest)
"""


def test_a_large_tree_is_not_searched_as_a_whole(tmp_path):
    write(tmp_path / "kit.zip", OLD)
    for first in range(30):
        for second in range(30):
            (tmp_path / f"{first:02d}" / f"{second:02d}" / "x").mkdir(parents=True)
    printed = run(tmp_path, COUNTED, code=f"{CELL}\nprint('entered', len(entered))")
    assert f"version {OLD} from" in printed
    assert 31 < int(printed.split("entered ")[1].split()[0]) < 1000


def test_a_mounted_drive_is_not_searched_but_a_kit_at_its_top_is_seen(tmp_path):
    (tmp_path / "drive" / "MyDrive" / "thousands").mkdir(parents=True)
    write(tmp_path / "kit.zip", OLD)
    mounted = f"{COUNTED}\nos.path.ismount = lambda path: str(path).endswith('/drive')"
    printed = run(tmp_path, mounted, code=f"{CELL}\nprint('entered', entered)")
    assert f"version {OLD} from" in printed
    assert "/drive" not in printed.split("entered ")[1].splitlines()[0]
    write(tmp_path / "drive", NEW)
    assert f"version {NEW} from" in run(tmp_path, mounted)
    write(tmp_path / "drive" / "MyDrive" / "course", NEWEST)
    assert f"version {NEW} from" in run(tmp_path, mounted)
    # Opened there, the same drive is searched.
    assert f"version {NEWEST} from" in run(tmp_path / "drive", mounted)


def test_a_search_that_takes_long_ends_and_says_so_but_takes_what_is_near(tmp_path):
    write(tmp_path / "kit", OLD)
    for number in range(50):
        (tmp_path / f"x{number}" / "y" / "z").mkdir(parents=True)
    write(tmp_path / "x9" / "y" / "z", NEW)
    # Each folder that is read takes a second of this clock.
    slow = f"{COUNTED}\nimport time; time.monotonic = lambda: len(entered)"
    printed = run(tmp_path, slow, code=f"{CELL}\nprint('entered', len(entered))")
    assert f"version {OLD} from" in printed
    assert "Not every folder was searched for vikit" in printed
    assert "%cd path/to/folder" in printed
    assert int(printed.split("entered ")[1].split()[0]) < 25
    assert "Not every folder" not in run(tmp_path, COUNTED)


def test_a_search_of_folders_without_folders_ends_in_time_too(tmp_path):
    write(tmp_path / "kit.zip", OLD)
    for number in range(300):
        (tmp_path / str(number)).mkdir()
    slow = f"{COUNTED}\nimport time; time.monotonic = lambda: len(entered)"
    printed = run(tmp_path, slow, code=f"{CELL}\nprint('entered', len(entered))")
    assert "Not every folder was searched for vikit" in printed
    assert f"version {OLD} from" in printed
    assert int(printed.split("entered ")[1].split()[0]) < 25


def test_a_search_of_very_many_folders_says_that_it_was_cut(tmp_path):
    write(tmp_path / "kit.zip", OLD)
    for number in range(1001):
        (tmp_path / str(number)).mkdir()
    printed = run(tmp_path)
    assert f"version {OLD} from" in printed
    assert printed.count("Not every folder was searched") == 1


def test_folders_beside_the_notebooks_that_others_own_are_not_looked_at(tmp_path):
    write(tmp_path / "others", NEW)
    write(tmp_path / HERE, OLD)
    # The cell's look at who owns the folder above is the only one that is answered so.
    cell = CELL.replace("os.stat(folder).st_uid", "-1")
    printed = run(tmp_path / HERE, code=cell)
    assert f"version {OLD} from" in printed
    assert f"version {NEW} from" in run(tmp_path / HERE)


UNPACKINGS = """
import zipfile
from pathlib import Path
unpackings, extractall = [], zipfile.ZipFile.extractall
def counted(self, *rest):
    unpackings.append(self.filename)
    return extractall(self, *rest)
zipfile.ZipFile.extractall = counted
"""


def test_only_the_zip_that_is_taken_is_unpacked_once_and_gone_when_python_ends(tmp_path):
    for name, version in (("kit.zip", OLD), ("kit (1).zip", NEW), ("kit (2).zip", OLD)):
        write(tmp_path / name, version)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    before = f"{UNPACKINGS}\nimport tempfile; tempfile.tempdir = {str(temporary)!r}"
    printed = run(
        tmp_path,
        before,
        code=f"{CELL}\n{CELL}\n{CELL}\nprint('unpacked', len(unpackings), unpackings)",
    )
    assert f"version {NEW} from {temporary}" in printed
    assert "unpacked 1 [" in printed
    assert "kit (1).zip" in printed.split("unpacked 1 [")[1]
    assert list(temporary.iterdir()) == []


def test_an_older_zip_beside_a_folder_is_not_unpacked(tmp_path):
    write(tmp_path, NEW)
    write(tmp_path / "kit.zip", OLD)
    assert "unpacked []" in run(tmp_path, UNPACKINGS, code=f"{CELL}\nprint('unpacked', unpackings)")


SILENT = {
    "as submit() wrote it": (f"{A01}-submission.zip", [f"{A01}/{A01}.ipynb"]),
    "a browser's copy": (f"{A01}-submission (1).zip", [f"{A01}/{A01}.ipynb"]),
    "another browser's copy": (f"{A01}-submission-2.zip", [f"{A01}/{A01}.ipynb"]),
    "another name": ("mine.ZIP", ["a02_elbo/a02_elbo.ipynb"]),
    "packed again": (
        "again.zip",
        [f"{A01}/", f"{A01}/{A01}.ipynb", f"__MACOSX/{A01}/._{A01}.ipynb"],
    ),
    "two together": ("both.zip", [f"{A01}/{A01}.ipynb", "a02_elbo/a02_elbo.ipynb"]),
}


@pytest.mark.parametrize("which", SILENT)
def test_what_submit_wrote_is_passed_over_in_silence(tmp_path, which):
    name, members = SILENT[which]
    write(tmp_path / "kit", OLD)
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        for member in members:
            archive.writestr(member, "")
    printed = run(tmp_path)
    assert f"started {A01}\nversion {OLD} from" in printed
    assert "Passed over" not in printed


def test_what_looks_like_a_hand_in_and_holds_a_kit_is_a_kit(tmp_path):
    write(tmp_path / f"{A01}-submission.zip", OLD)
    assert f"version {OLD} from" in run(tmp_path)


def test_what_is_called_a_zip_and_is_none_stops_nothing(tmp_path):
    write(tmp_path / "kit", OLD)
    (tmp_path / "dangling.zip").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop.zip").symlink_to(tmp_path / "loop.zip")
    (tmp_path / "folder.zip").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.zip")
    (tmp_path / "x" / "vikit" / "__init__.py").mkdir(parents=True)
    assert run(tmp_path).splitlines()[0] == f"started {A01}"


def test_a_zip_that_cannot_be_read_costs_one_short_line(tmp_path):
    write(tmp_path / "kit", OLD)
    write(tmp_path / "unreadable.zip", NEW)
    refusing = """
import zipfile
from pathlib import Path
class ZipFile(zipfile.ZipFile):
    def __init__(self, file, *rest, **options):
        raise PermissionError(13, "Permission denied", str(file))
zipfile.ZipFile = ZipFile
"""
    lines = run(tmp_path, refusing).splitlines()
    assert (
        lines[0]
        == "Passed over unreadable.zip: Permission denied. If it is the kit, upload it again."
    )
    assert lines[1] == f"started {A01}"


@pytest.mark.parametrize("parts", [("no plots",), ("bit",), ("cut",), ("truncated",)])
def test_a_broken_zip_that_a_good_one_replaces_is_tried_again(tmp_path, parts):
    write(tmp_path / "kit", OLD)
    write(tmp_path / "kit.zip", NEW, *parts)
    write(tmp_path / "later" / "kit.zip", NEW)
    replace = "os.replace('later/kit.zip', 'kit.zip')"
    printed = run(
        tmp_path, code=f"{CELL}\nprint('again')\n{CELL}\nprint('replaced')\n{replace}\n{CELL}"
    )
    first, rest = printed.split("again\n")
    again, replaced = rest.split("replaced\n")
    assert "Passed over" in first
    assert "Restart" not in again
    assert (
        "Restart the kernel (Colab: Runtime > Restart session): kit.zip holds a newer vikit"
        in replaced
    )


def test_a_broken_folder_that_was_mended_is_tried_again(tmp_path):
    write(tmp_path / "kit", OLD)
    write(tmp_path / "new", NEW, "no plots")
    mend = "open('new/vikit/plots.py', 'w').close()"
    first, mended = run(tmp_path, code=f"{CELL}\n{CELL}\nprint('mended')\n{mend}\n{CELL}").split(
        "mended\n"
    )
    assert "Restart" not in first
    assert f"{tmp_path / 'new'} holds a newer vikit" in mended


def test_tensorflow_is_told_to_keep_its_log_before_anything_is_imported(tmp_path):
    write(tmp_path, OLD)
    start = tmp_path / "vikit" / "__init__.py"
    start.write_text(
        start.read_text() + "import os; print('level', os.environ['TF_CPP_MIN_LOG_LEVEL'])\n"
    )
    assert "level 3" in run(tmp_path)
    assert "level 1" in run(tmp_path, "import os; os.environ['TF_CPP_MIN_LOG_LEVEL'] = '1'")


def test_the_cell_is_folded_to_its_first_line_and_runs_with_the_others():
    notebook = notebooks.student_notebook(
        tasks.load(A01), script.read(script.SOLUTIONS / f"{A01}.py")
    )
    nbformat.validate(notebook)
    (node,) = [
        node
        for node in notebook.cells
        if node.metadata.get("nbgrader", {}).get("grade_id") == notebooks.SETUP_ID
    ]
    assert node.cell_type == "code"
    assert node.source == CELL
    assert node.metadata["jupyter"] == {"source_hidden": True}
    assert node.metadata["cellView"] == "form"
    assert "tags" not in node.metadata
    assert CELL.startswith("# @title Run this cell first")


def test_the_cell_fits_two_pages_where_nothing_folds_it():
    assert len(CELL.splitlines()) <= 155
    # Colab takes the first line alone for the title of the form.
    assert max(map(len, CELL.splitlines()[1:])) <= 100
    assert len(CELL.splitlines()[0]) <= 110


def test_the_version_is_one_that_the_cell_can_compare():
    import vikit

    from autograder import version

    assert version.__version__ == vikit.__version__
    assert vikit.__version__.replace(".", "").isdigit()


def test_what_is_not_released_has_no_released_number():
    import vikit

    changelog = (Path(__file__).parents[1] / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (\S+)", changelog, re.MULTILINE)
    assert headings[0] == "Unreleased" or headings[0] == vikit.__version__
    newest = next(heading for heading in headings if heading != "Unreleased")
    numbers = [[int(part) for part in each.split(".")] for each in (newest, vikit.__version__)]
    assert (numbers[0] < numbers[1]) == (headings[0] == "Unreleased")
