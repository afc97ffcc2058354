"""`submit`: writes the zip to hand in, and lists the answers that it holds."""

import difflib
import json
import time
import zipfile
from importlib import import_module
from pathlib import Path

from . import checking
from .notebook import cells

__all__ = ["submit"]

MAX_BYTES = 100 * 2**20
# A notebook with many figures takes Colab some seconds.
COLAB_SECONDS = 30
# Where Colab saves notebooks once the student's Drive is mounted.
COLAB_DRIVE = Path("/content/drive/MyDrive/Colab Notebooks")


def submit(notebook=None) -> None:
    """Writes the zip to hand in and says which answers it holds.

    Args:
        notebook: Path of the notebook; by default the one that is open on Colab, or its saved file
            where Colab does not give it; elsewhere the assignment's in the folder Jupyter runs in.

    Raises:
        FileNotFoundError: If there is no such notebook.
        ValueError: If the file is no notebook, or larger than 100 MiB.
    """
    assignment = checking.current_assignment() or Path.cwd().name
    path = Path(notebook or f"{assignment}.ipynb")
    if notebook or not is_on_colab():
        content, note = read_saved_notebook(path), SAVED_NOTE
    else:
        content, note = read_colab_notebook(path)
    names, stubs = find_answers(content, path)
    if len(content) > MAX_BYTES:
        raise ValueError(
            "Clear the outputs and save again: the notebook has "
            f"{len(content) / 2**20:.0f} MiB, more than 100"
        )
    questions = checking.read_questions(assignment)
    target = path.resolve().with_name(f"{assignment}-submission.zip")
    # Written under another name first: a zip of an earlier hand-in stays whole until this one is.
    part = target.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{assignment}/{assignment}.ipynb", content)
    part.replace(target)
    print(f"Hand in this file: {target}  ({target.stat().st_size / 1024:.0f} KiB)")
    print(note)
    for name in questions:
        state = "NOT WRITTEN" if name in stubs else "found" if name in names else "MISSING"
        print(f"  {state:<11}  {name}")
    for name, answered in cells.read_written_answers(content).items():
        print(f"  {'found' if answered else 'NOT WRITTEN':<11}  {name} (in words)")


SAVED_NOTE = (
    "It holds the notebook as last saved: save first, then call submit() again, "
    "if you changed anything since."
)
DOWNLOAD = "Download it: the folder icon on the left, then the three dots beside the file."
COLAB_NOTE = f"{DOWNLOAD} It holds the notebook as it is now."
FILE_NOTE = (
    f"{DOWNLOAD} What you changed after that file was saved is not in it: if the list below is not "
    "as you expect, choose File > Download > Download .ipynb, and hand in that file instead."
)


def read_saved_notebook(path) -> bytes:
    """Returns the bytes of the notebook at `path`."""
    if path.is_file():
        return path.read_bytes()
    others = sorted(other.name for other in path.parent.glob("*.ipynb"))
    near = difflib.get_close_matches(path.name, others, n=1)
    named = repr((near or others)[0] if near or len(others) == 1 else "path/to/notebook.ipynb")
    raise FileNotFoundError(
        f"Save the notebook as {path.name} and call submit() again, or name its file: "
        f"submit({named}). There is no {path.resolve()}"
    )


def is_on_colab() -> bool:
    """Tells whether this is Colab, where the open notebook is no file beside the kernel."""
    try:
        import_module("google.colab")
    except ImportError:
        return False
    return True


def read_colab_notebook(path) -> tuple[bytes, str]:
    """Returns (bytes, note for the student) of the notebook in the browser, or of its saved file.

    Raises:
        FileNotFoundError: If there is neither.
    """
    print(
        f"Asking Colab for the notebook as it is now. This takes {COLAB_SECONDS} s at most.",
        flush=True,
    )
    try:
        return request_open_notebook(), COLAB_NOTE
    except Exception as error:  # noqa: BLE001  Colab documents none of its exceptions
        reason = str(error) if isinstance(error, NoAnswer) else f"{type(error).__name__}: {error}"
    found = [saved for saved in (path, COLAB_DRIVE / path.name) if is_notebook(saved)]
    if not found:
        raise FileNotFoundError(
            "Choose File > Download > Download .ipynb, and hand in the file that you get. "
            f"submit() could not get the notebook from Colab ({reason}), "
            f"and there is no saved {path.name} here"
        )
    newest = max(found, key=lambda saved: saved.stat().st_mtime)
    saved = time.strftime("%d %B, %H:%M", time.localtime(newest.stat().st_mtime))
    print(
        f"Colab did not give the notebook ({reason}). This takes the file {newest.resolve()} "
        f"instead, of {saved} by this clock."
    )
    return newest.read_bytes(), FILE_NOTE


class NoAnswer(Exception):
    """Colab gave no answer, or an answer that holds no notebook."""


def request_open_notebook() -> bytes:
    """Returns the bytes of the notebook that is open in the browser."""
    from google.colab import _message

    found = _message.blocking_request("get_ipynb", request="", timeout_sec=COLAB_SECONDS)
    if found is None:
        raise NoAnswer(f"no answer within {COLAB_SECONDS} s")
    content = json.dumps(found["ipynb"], ensure_ascii=False, indent=1).encode()
    if not cells.read_sources(content):
        raise NoAnswer("no code cells in its answer")
    return content


def is_notebook(path) -> bool:
    """Tells whether there is a notebook at `path` that can be read."""
    try:
        return bool(cells.read_sources(path.read_bytes()))
    except (OSError, ValueError):
        return False


def find_answers(content, origin) -> tuple[set[str], set[str]]:
    """Returns (names, stubs): what a notebook's cells define, and what is not written yet."""
    try:
        found = [cells.find_definitions(source) for source in cells.read_sources(content)]
    except ValueError as error:
        raise ValueError(f"{origin} is not a notebook: {error}") from error
    written = set().union(*(one.names - one.stubs for one in found))
    return (
        written | set().union(*(one.stubs for one in found)),
        set().union(*(one.stubs for one in found)) - written,
    )
