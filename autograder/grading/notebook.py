"""A submitted notebook as text: its cells, what each defines, and what of it is run. Nothing here executes anything."""

import ast
import json
from collections import Counter
from dataclasses import dataclass

from vikit import cells

from autograder.places import released_folder

# Read as JSON, or as Python, a text may take thirty times, or seven hundred times as much memory.
MAX_NOTEBOOK_BYTES = 20 * 2**20
MAX_CELLS = 2000
MAX_CODE_BYTES = 2**18
# The one locked cell that the others need: it finds vikit.
SETUP = "setup"


class UnreadableNotebook(Exception):
    """A file that is no notebook."""


@dataclass(frozen=True)
class CodeCell:
    """A code cell as the file has it."""

    source: str
    metadata: dict


@dataclass(frozen=True)
class Cell:
    """A code cell: its text, what of it is run (None: nothing), the names it defines, its nbgrader id, if any."""

    source: str
    runs: str | None
    defines: frozenset
    functions: tuple = ()
    grade_id: str = ""


@dataclass(frozen=True)
class Released:
    """What the kit handed out: the sources of locked cells that set nothing up, and of the stubs."""

    passive: frozenset = frozenset()
    stubs: frozenset = frozenset()


def read_cells(path, released):
    """Returns the code cells of the notebook at `path`.

    Raises:
        UnreadableNotebook: If it is not a readable notebook of format 4, or too large.
    """
    code = read_notebook(path)
    if len(code) > MAX_CELLS:
        raise UnreadableNotebook(f"the notebook has {len(code)} code cells, more than {MAX_CELLS}")
    written = sum(len(cell.source.encode("utf-8")) for cell in code)
    if written > MAX_CODE_BYTES:
        raise UnreadableNotebook(
            f"its code cells hold {written // 2**10} KiB of text, more than {MAX_CODE_BYTES // 2**10}: put data into files"
        )
    found = [cells.defined(cell.source) for cell in code]
    counts = Counter(name for one in found for name in one.names)
    others = [{name for name in one.names if counts[name] > 1} for one in found]
    return [
        Cell(
            source=cell.source,
            runs=what_runs(cell, one.names, elsewhere, released),
            defines=one.names,
            functions=one.functions,
            grade_id=grade_id(cell),
        )
        for cell, one, elsewhere in zip(code, found, others, strict=True)
    ]


def copy(path, target, most=MAX_NOTEBOOK_BYTES):
    """Copies the notebook at `path` to `target`.

    Raises:
        UnreadableNotebook: If it has more than `most` bytes, or more than any notebook may have.
        OSError: If it cannot be read.
    """
    most = min(most, MAX_NOTEBOOK_BYTES)
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        size = max(len(content), path.stat().st_size)
        raise UnreadableNotebook(
            f"the notebook has {size / 2**20:.1f} MiB, more than {most / 2**20:g}: clear its outputs, and hand it in again"
        )
    target.write_bytes(content)


def read_notebook(path):
    """Returns the `CodeCell`s of the notebook at `path`.

    What else it holds is not looked at: outputs that fit no schema cost minutes where they are validated.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        code = [code_cell(cell) for cell in content["cells"] if cell["cell_type"] == "code"]
        # A lone surrogate is no text that a kernel could be sent.
        "".join(cell.source for cell in code).encode("utf-8")
        return code
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UnreadableNotebook(
            f"the file is not a notebook of format 4 ({type(error).__name__}): save it again and look"
        ) from error


def code_cell(cell):
    source, metadata = cell["source"], cell.get("metadata")
    if isinstance(source, list):
        source = "".join(source)
    if not isinstance(source, str):
        raise TypeError("the source of a cell is no text")
    return CodeCell(source, metadata if isinstance(metadata, dict) else {})


def released(assignment):
    """Returns what was handed out of `assignment`.

    Raises:
        NotInstalled: If the kit has no built notebook of it.
    """
    code = read_notebook(released_folder(assignment) / f"{assignment}.ipynb")
    locked = [cell for cell in code if grader_metadata(cell).get("locked") and grade_id(cell) != SETUP]
    answers = [cell for cell in code if grader_metadata(cell).get("solution")]
    return Released(*(frozenset(tidy(cell.source) for cell in group) for group in (locked, answers)))


def what_runs(cell, names, elsewhere, released):
    """Returns the code of `cell` that grading runs, None where there is none.

    Checks and experiments as handed out hold no answer. Of a changed experiment only the definitions run: a student may
    have put a helper there, and nobody waits for a training to see. A stub as handed out must not undo an answer that
    stands in another cell.
    """
    source = tidy(cell.source)
    if not source or source in released.passive:
        return None
    if source in released.stubs and names and names <= elsewhere:
        return None
    if is_experiment(cell):
        return definitions(cell.source)
    return cell.source


def definitions(source):
    """Returns the functions, classes and imports of a cell as code, None where it has none."""
    tree = cells.parse(source)
    wanted = cells.DEFINITIONS | ast.Import | ast.ImportFrom
    kept = [node for node in tree.body if isinstance(node, wanted)] if tree else []
    try:
        return "\n\n".join(ast.unparse(node) for node in kept) or None
    except RecursionError:
        return source


def tidy(source):
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def grader_metadata(cell):
    metadata = cell.metadata.get("nbgrader", {})
    return metadata if isinstance(metadata, dict) else {}


def grade_id(cell):
    return str(grader_metadata(cell).get("grade_id", ""))


def is_experiment(cell):
    tags = cell.metadata.get("tags", [])
    return isinstance(tags, list) and "experiment" in tags
