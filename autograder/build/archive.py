"""The zip that students get: assignments, vikit, data, the list of errata and a README."""

import io
import zipfile
from pathlib import Path

from vikit.protocol import public_cases

from autograder import tasks
from autograder.files import write_whole
from autograder.version import __version__

from . import errata, notebooks, script

__all__ = ["KIT", "write_kit", "write_release"]

NAME, KIT = "variational-inference-assignments", "vikit"
# A fixed date: the same release gives the same bytes.
DATE = (2020, 1, 1, 0, 0, 0)
README = """\
# Variational inference for deep learning: assignments

1. Unpack this zip and keep its folders together: they are all in
   `variational-inference-assignments`.
2. Install what the notebooks need, in Python 3.11 to 3.13:

       python -m pip install {packages} jupyterlab

3. Start Jupyter in the folder of an assignment and open its notebook:

       cd variational-inference-assignments/{first}
       jupyter lab {first}.ipynb

4. Run the cells from the top. Replace each `raise NotImplementedError` with your answer and run
   the `check` below it: it says what is right, what is wrong, and often why.
5. `check_all()` adds up your points so far; `submit()` writes the zip to hand in.

On Colab: upload the notebook, then upload this zip with the folder icon on the left, wait until it
has arrived, and run the first cell. A newer zip wins over an older one. `submit()` says where the
zip to hand in lies: download it.

Check uses public inputs. Grading draws others for you and your file, so an answer that only fits
the public ones earns nothing.

Places such as "document 000, section 4, step 7" are in the lecture's documents 000 to 004, which
your course hands out. Numbers of errata, such as 000-1, are in `ERRATA.md` in this folder.

Assignments here: {assignments}.
"""
PACKAGES = (
    "tensorflow",
    "tf_keras",
    "tensorflow-probability",
    "keras",
    "matplotlib",
    "numpy",
    "setuptools",
)


def write_release(folder, names=(), begins=lambda text: None) -> Path:
    """Writes the zip of assignments and returns its path.

    Args:
        folder: Where to.
        names: The assignments; all if empty.
        begins: Told of each assignment.
    """
    path = folder / f"{'-'.join([NAME, *names, __version__])}.zip"
    found = members(names or tasks.names(), begins)
    write_zip(path, {f"{NAME}/{name}": content for name, content in found.items()})
    return path


def write_kit(folder, assignment: str) -> Path:
    """Writes what a notebook of `assignment` needs beside it, as one zip; returns its path.

    The notebook's first cell finds vikit, the data and the public cases in it.
    """
    cases = f"{assignment}/{public_cases.FILE_NAME}"
    path = folder / f"{KIT}-{__version__}.zip"
    write_zip(path, {cases: (notebooks.ASSIGNMENTS / cases).read_bytes(), **shared_files()})
    return path


def write_zip(path, files: dict[str, bytes]) -> None:
    """Writes a zip that is either whole or not there."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, data)
    write_whole(path, content.getvalue())


def members(names, begins=lambda text: None) -> dict[str, bytes]:
    """Returns the files of a release of `names` as a dict from their path in the zip to bytes."""
    files: dict[str, bytes] = {}
    for name in names:
        begins(f"Building {name}")
        files |= {f"{name}/{file}": content for file, content in notebooks.release(name).items()}
    files |= shared_files()
    files["README.md"] = README.format(
        packages=" ".join(f'"{line}"' for line in requirements()),
        first=names[0],
        assignments=", ".join(names),
    ).encode()
    return files


def shared_files() -> dict[str, bytes]:
    """Returns what all notebooks need: vikit, the data, the list of errata, the licence."""
    files = {errata.FILE_NAME: errata.students_list().encode()}
    for path in (notebooks.ASSIGNMENTS / "vikit").rglob("*.py"):
        place = path.relative_to(notebooks.ASSIGNMENTS / "vikit").as_posix()
        files[f"vikit/{place}"] = path.read_bytes()
    for path in (script.REPOSITORY / "data").iterdir():
        files[f"data/{path.name}"] = path.read_bytes()
    files["LICENSE"] = (script.REPOSITORY / "LICENSE").read_bytes()
    return files


def requirements() -> list[str]:
    """Returns the lines of requirements.txt that a student needs, without comments and markers."""
    text = (script.REPOSITORY / "requirements.txt").read_text(encoding="utf-8")
    lines = [line.split("#")[0].split(";")[0].strip() for line in text.splitlines()]
    return [line for line in lines if line.split(">")[0] in PACKAGES]
