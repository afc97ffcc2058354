"""`submit`: one zip to hand in, after a look at what is in it."""

import json
import zipfile
from pathlib import Path

from . import cells, checking

MAX_BYTES = 100 * 2**20
# A notebook with many figures takes Colab some seconds.
COLAB_SECONDS = 30


def submit(notebook=None):
    """Writes the zip to hand in and says which answers it holds.

    Args:
        notebook: Path of the notebook; by default the one that is open on Colab, elsewhere the assignment's in the folder
            Jupyter runs in.

    Raises:
        FileNotFoundError: If there is no such notebook, or Colab does not give it.
        ValueError: If the file is no notebook, or larger than 100 MiB.
    """
    assignment = checking._current["assignment"] or Path.cwd().name
    colab = None if notebook else colab_messages()
    path = Path(notebook or f"{assignment}.ipynb")
    content = notebook_on_colab(colab) if colab else saved_notebook(path)
    names, stubs = answers_in(content, "what Colab gave" if colab else path)
    if len(content) > MAX_BYTES:
        raise ValueError(
            f"Clear the outputs and save again: the notebook has {len(content) / 2**20:.0f} MiB, more than 100"
        )
    questions = checking.public_cases(assignment)
    target = path.resolve().with_name(f"{assignment}-submission.zip")
    # The zip of an earlier hand-in stays whole until this one is.
    part = target.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{assignment}/{assignment}.ipynb", content)
    part.replace(target)
    print(f"Hand in this file: {target}  ({target.stat().st_size / 1024:.0f} KiB)")
    print(COLAB_NOTE if colab else SAVED_NOTE)
    for name in questions:
        state = "NOT WRITTEN" if name in stubs else "found" if name in names else "MISSING"
        print(f"  {state:<11}  {name}")


SAVED_NOTE = "It holds the notebook as last saved: save first, then call submit() again, if you changed anything since."
COLAB_NOTE = (
    "Download it: the folder icon on the left, then the three dots beside the file. It holds the notebook as it is now."
)


def saved_notebook(path):
    """Returns the bytes of the notebook at `path`."""
    if path.is_file():
        return path.read_bytes()
    others = sorted(other.name for other in path.parent.glob("*.ipynb"))
    named = repr(others[0] if len(others) == 1 else "path/to/notebook.ipynb")
    raise FileNotFoundError(
        f"Save the notebook as {path.name} and call submit() again, or name its file: submit({named}). "
        f"There is no {path.resolve()}"
    )


def colab_messages():
    """Returns Colab's own module that asks the browser for something; None where this is not Colab."""
    try:
        from google.colab import _message
    except ImportError:
        return None
    return _message


def notebook_on_colab(messages):
    """Returns the bytes of the notebook that is open in the browser: on Colab it is no file in the working folder."""
    try:
        found = messages.blocking_request("get_ipynb", request="", timeout_sec=COLAB_SECONDS)
        notebook = found["ipynb"]
        if notebook["cells"]:
            return json.dumps(notebook, ensure_ascii=False, indent=1).encode()
        reason = "no cells"
    except Exception as error:  # noqa: BLE001  nothing of it is documented
        reason = type(error).__name__
    raise FileNotFoundError(
        "Choose File > Download > Download .ipynb, and hand in the file that you get. "
        f"submit() could not get the notebook from Colab ({reason})"
    )


def answers_in(content, origin):
    """Returns (names, stubs) over all code cells of a notebook: what they define, and what is not written yet."""
    try:
        found = [cells.defined(source) for source in cells.sources(content)]
    except ValueError as error:
        raise ValueError(f"{origin} is not a notebook: {error}") from error
    written = set().union(*(one.names - one.stubs for one in found))
    return written | set().union(*(one.stubs for one in found)), set().union(*(one.stubs for one in found)) - written
