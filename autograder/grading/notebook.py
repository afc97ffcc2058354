"""A submitted notebook as text: its cells, what each defines, and what of it is run. Nothing here executes anything."""

import ast
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

# jsonschema, for nbformat, takes a grammar of web addresses where it is installed: 1.5 s for what no notebook holds.
sys.modules.setdefault("rfc3987_syntax", None)

import nbformat  # noqa: E402
import vikit  # noqa: E402
from vikit import cells  # noqa: E402

MAX_NOTEBOOK_BYTES = 50 * 2**20
MAX_CELLS = 2000
# The one locked cell that the others need: it finds vikit.
SETUP = "setup"


class UnreadableNotebook(Exception):
    """A file that is no notebook."""


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
        UnreadableNotebook: If it is not a readable notebook of format 3 or 4, or too large.
    """
    code = [cell for cell in read_notebook(path).cells if cell.cell_type == "code"]
    if len(code) > MAX_CELLS:
        raise UnreadableNotebook(f"the notebook has {len(code)} code cells, more than {MAX_CELLS}")
    found = [cells.defined(str(cell.source)) for cell in code]
    counts = Counter(name for one in found for name in one.names)
    others = [{name for name in one.names if counts[name] > 1} for one in found]
    return [
        Cell(
            source=str(cell.source),
            runs=what_runs(cell, one.names, elsewhere, released),
            defines=one.names,
            functions=one.functions,
            grade_id=grade_id(cell),
        )
        for cell, one, elsewhere in zip(code, found, others, strict=True)
    ]


def read_notebook(path):
    size = path.stat().st_size
    if size > MAX_NOTEBOOK_BYTES:
        raise UnreadableNotebook(f"the notebook has {size / 2**20:.0f} MiB, more than {MAX_NOTEBOOK_BYTES // 2**20}")
    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        if not all(hasattr(cell, "source") and hasattr(cell, "cell_type") for cell in notebook.cells):
            raise UnreadableNotebook("the notebook has a cell without a type or a source")
        # A lone surrogate is no text that a kernel could be sent.
        "".join(str(cell.source) for cell in notebook.cells).encode("utf-8")
        return notebook
    except UnreadableNotebook:
        raise
    except Exception as error:
        raise UnreadableNotebook(
            f"the file is not a notebook ({type(error).__name__}): save it again and look"
        ) from error


def released(assignment):
    """Returns what was handed out of `assignment`; nothing where the kit has no built notebook of it."""
    path = released_folder(assignment) / f"{assignment}.ipynb"
    if not path.is_file():
        return Released()
    code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    locked = [cell for cell in code if grader_metadata(cell).get("locked") and grade_id(cell) != SETUP]
    answers = [cell for cell in code if grader_metadata(cell).get("solution")]
    return Released(*(frozenset(tidy(cell.source) for cell in group) for group in (locked, answers)))


def released_folder(assignment):
    return Path(vikit.__file__).resolve().parent.parent / assignment


def what_runs(cell, names, elsewhere, released):
    """Returns the code of `cell` that grading runs, None where there is none.

    Checks and experiments as handed out hold no answer. Of a changed experiment only the definitions run: a student may
    have put a helper there, and nobody waits for a training to see. A stub as handed out must not undo an answer that
    stands in another cell.
    """
    source = tidy(str(cell.source))
    if not source or source in released.passive:
        return None
    if source in released.stubs and names and names <= elsewhere:
        return None
    if is_experiment(cell):
        return definitions(str(cell.source))
    return str(cell.source)


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
