"""The zip that students get: assignments, vikit, data, the list of errata and a README."""

import zipfile
from pathlib import Path

from autograder import tasks
from autograder.version import __version__

from . import errata, notebooks, script

__all__ = ["write_release"]

NAME = "variational-inference-assignments"
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


def write_release(folder, begins=lambda text: None) -> Path:
    """Writes the zip into `folder` and returns its path; `begins` is told of each assignment."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{NAME}-{__version__}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(members(begins).items()):
            info = zipfile.ZipInfo(f"{NAME}/{name}", DATE)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, content)
    return path


def members(begins=lambda text: None) -> dict[str, bytes]:
    """Returns the release's files as a dict from their path in the zip to bytes."""
    files: dict[str, bytes] = {}
    for name in tasks.names():
        begins(f"Building {name}")
        files |= {f"{name}/{file}": content for file, content in notebooks.release(name).items()}
    for path in (notebooks.ASSIGNMENTS / "vikit").rglob("*.py"):
        files[f"vikit/{path.relative_to(notebooks.ASSIGNMENTS / 'vikit').as_posix()}"] = (
            path.read_bytes()
        )
    for path in (script.REPOSITORY / "data").iterdir():
        files[f"data/{path.name}"] = path.read_bytes()
    files[errata.FILE_NAME] = errata.students_list().encode()
    files["LICENSE"] = (script.REPOSITORY / "LICENSE").read_bytes()
    files["README.md"] = README.format(
        packages=" ".join(f'"{line}"' for line in requirements()),
        first=tasks.names()[0],
        assignments=", ".join(tasks.names()),
    ).encode()
    return files


def requirements() -> list[str]:
    """Returns the lines of requirements.txt that a student needs, without comments and markers."""
    text = (script.REPOSITORY / "requirements.txt").read_text(encoding="utf-8")
    lines = [line.split("#")[0].split(";")[0].strip() for line in text.splitlines()]
    return [line for line in lines if line.split(">")[0] in PACKAGES]
