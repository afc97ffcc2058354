"""A submitted notebook as text: its cells, what each defines, and what of it is run. Nothing here executes anything."""

import ast
from dataclasses import dataclass
from pathlib import Path

import nbformat
import vikit

MAX_NOTEBOOK_BYTES = 50 * 2**20
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
    cells = [cell for cell in read_notebook(path).cells if cell.cell_type == "code"]
    parsed = [parse(str(cell.source)) for cell in cells]
    names = [set().union(*(found.defines for found in parsed[:i] + parsed[i + 1 :])) for i in range(len(parsed))]
    return [
        Cell(
            source=found.source,
            runs=what_runs(cell, found, others, released),
            defines=found.defines,
            functions=found.functions,
            grade_id=grade_id(cell),
        )
        for cell, found, others in zip(cells, parsed, names, strict=True)
    ]


def read_notebook(path):
    size = path.stat().st_size
    if size > MAX_NOTEBOOK_BYTES:
        raise UnreadableNotebook(f"the notebook has {size / 2**20:.0f} MiB, more than {MAX_NOTEBOOK_BYTES // 2**20}")
    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        if not all(hasattr(cell, "source") and hasattr(cell, "cell_type") for cell in notebook.cells):
            raise UnreadableNotebook("the notebook has a cell without a type or a source")
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
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    locked = [cell for cell in cells if grader_metadata(cell).get("locked") and grade_id(cell) != SETUP]
    answers = [cell for cell in cells if grader_metadata(cell).get("solution")]
    return Released(*(frozenset(tidy(cell.source) for cell in group) for group in (locked, answers)))


def released_folder(assignment):
    return Path(vikit.__file__).resolve().parent.parent / assignment


def what_runs(cell, found, defined_elsewhere, released):
    """Returns the code of `cell` that grading runs, None where there is none.

    Checks and experiments as handed out hold no answer. Of a changed experiment only the definitions run: a student may
    have put a helper there, and nobody waits for a training to see. A stub as handed out must not undo an answer that
    stands in another cell.
    """
    source = tidy(found.source)
    if not source or source in released.passive:
        return None
    if source in released.stubs and found.defines and found.defines <= defined_elsewhere:
        return None
    if is_experiment(cell):
        return definitions(found)
    return found.source


def parse(source):
    """Returns a `Cell` with the names that `source` defines at its top level, in branches and blocks as well."""
    try:
        tree = ast.parse(plain_python(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # What cannot be parsed still says which function it was meant to be.
        words = [line.split("(")[0].split(":")[0].split() for line in source.splitlines()]
        names = frozenset(word[1] for word in words if len(word) == 2 and word[0] in ("def", "class"))
        return Cell(source, None, names)
    functions = tuple(node.name for node in tree.body if isinstance(node, DEFINITIONS))
    return Cell(source, None, frozenset(defined(tree.body)), functions)


DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def defined(body):
    """Yields the names that the statements of `body` bind."""
    for node in body:
        if isinstance(node, DEFINITIONS):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        else:
            for block in ("body", "orelse", "finalbody"):
                yield from defined(getattr(node, block, []) if isinstance(getattr(node, block, []), list) else [])


def definitions(found):
    """Returns the functions, classes and imports of a cell as code, None where it has none."""
    try:
        tree = ast.parse(plain_python(found.source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    kept = [node for node in tree.body if isinstance(node, DEFINITIONS | ast.Import | ast.ImportFrom)]
    return "\n\n".join(ast.unparse(node) for node in kept) or None


def plain_python(source):
    """Returns `source` with the lines that only IPython understands blanked out, so that line numbers stay."""
    return "\n".join("" if line.lstrip().startswith(("%", "!", "?")) else line for line in source.splitlines())


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
