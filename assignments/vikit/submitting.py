"""`submit`: one zip to hand in, after a look at what is in it."""

import ast
import json
import zipfile
from pathlib import Path

from . import checking

MAX_BYTES = 20 * 2**20


def submit(notebook=None):
    """Writes the zip to hand in and says which answers it holds.

    Args:
        notebook: Path of the notebook; by default the assignment's, in the folder Jupyter runs in.

    Raises:
        FileNotFoundError: If there is no such notebook.
        ValueError: If the file is no notebook, or larger than 20 MiB.
    """
    assignment = checking._current["assignment"] or Path.cwd().name
    path = Path(notebook or f"{assignment}.ipynb")
    if not path.is_file():
        raise FileNotFoundError(
            f"{path.resolve()} does not exist: save the notebook, or name it: submit('path/to/notebook.ipynb'). "
            "On Colab choose File, Download, Download .ipynb and hand in that file"
        )
    defined = names_defined(path)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"{path} has {size / 2**20:.0f} MiB, more than 20: clear its outputs and save it again")
    questions = checking.public_cases(assignment)
    target = path.resolve().with_name(f"{assignment}-submission.zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, f"{assignment}/{assignment}.ipynb")
    for name in questions:
        print(f"  {'found  ' if name in defined else 'MISSING'}  {name}")
    print(f"{target}  ({target.stat().st_size / 1024:.0f} KiB): hand in this file.")
    print("It holds the notebook as last saved: save first, then call submit() again, if you changed anything since.")


def names_defined(path):
    """Returns the names of all functions and classes that the notebook's code cells define."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a notebook: {error}") from error
    names = set()
    for source in sources:
        try:
            tree = ast.parse(
                "\n".join(line for line in source.splitlines() if not line.lstrip().startswith(("%", "!")))
            )
        except SyntaxError:
            continue
        names |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        names |= {
            target.id
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
    return names
