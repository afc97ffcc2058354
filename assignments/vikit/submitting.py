"""`submit`: one zip to hand in, after a look at what is in it."""

import json
import zipfile
from pathlib import Path

from . import cells, checking

MAX_BYTES = 100 * 2**20


def submit(notebook=None):
    """Writes the zip to hand in and says which answers it holds.

    Args:
        notebook: Path of the notebook; by default the assignment's, in the folder Jupyter runs in.

    Raises:
        FileNotFoundError: If there is no such notebook.
        ValueError: If the file is no notebook, or larger than 100 MiB.
    """
    assignment = checking._current["assignment"] or Path.cwd().name
    path = Path(notebook or f"{assignment}.ipynb")
    if not path.is_file():
        raise FileNotFoundError(
            f"{path.resolve()} does not exist: save the notebook, or name it: submit('path/to/notebook.ipynb'). "
            "On Colab choose File, Download, Download .ipynb and hand in that file"
        )
    names, stubs = answers_in(path)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"{path} has {size / 2**20:.0f} MiB, more than 100: clear its outputs and save it again")
    questions = checking.public_cases(assignment)
    target = path.resolve().with_name(f"{assignment}-submission.zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, f"{assignment}/{assignment}.ipynb")
    for name in questions:
        state = "NOT WRITTEN" if name in stubs else "found" if name in names else "MISSING"
        print(f"  {state:<11}  {name}")
    print(f"{target}  ({target.stat().st_size / 1024:.0f} KiB): hand in this file.")
    print("It holds the notebook as last saved: save first, then call submit() again, if you changed anything since.")


def answers_in(path):
    """Returns (names, stubs) over all code cells of a notebook file: what they define, and what is not written yet."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))["cells"]
        found = [cells.defined("".join(cell["source"])) for cell in notebook if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a notebook: {error}") from error
    written = set().union(*(one.names - one.stubs for one in found))
    return written | set().union(*(one.stubs for one in found)), set().union(*(one.stubs for one in found)) - written
