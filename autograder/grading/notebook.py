"""A submitted notebook as text: its cells, what they define, what is run. It runs nothing."""

import ast
import json
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from typing import Any

from vikit.judging import faults
from vikit.notebook import cells

from autograder.places import NotInstalled, released_folder

__all__ = [
    "ANSWER",
    "MAX_CELLS",
    "MAX_FILE_BYTES",
    "Cell",
    "Released",
    "TextCell",
    "UnreadableNotebook",
    "check_amount_of_code",
    "first_definition",
    "grade_id",
    "open_file",
    "read_cells",
    "read_file",
    "read_notebook",
    "read_released",
    "strip_lines",
    "strip_outputs",
    "texts_before",
]

# What the id of an answer's cell ends with.
ANSWER = "-answer"
# Of a file as handed in. Its outputs, and images in its text,
# are cut out before it is read as JSON: that may take thirty times as much memory as the text,
# and reading as Python seven hundred times as much.
MAX_FILE_BYTES = 100 * 2**20
MAX_NOTEBOOK_BYTES = 20 * 2**20
MAX_CELLS = 2000
MAX_CODE_BYTES = 2**18
# The one locked cell that the others need: it finds vikit.
SETUP = "setup"


# Parts of a JSON text: strings, and the brackets outside of them. Possessive: nothing is remembered
# to go back to. A string without an end goes on to that of the text: each of its quotes would else
# be tried for another beginning.
PARTS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
BEFORE_VALUE = re.compile(rb"\s*:\s*(?=[\[{])")
# What is cut out, and nobody reads: outputs of cells, images in Markdown, the state of widgets.
CUT = (b'"outputs"', b'"attachments"', b'"application/vnd.jupyter.widget-state+json"')


class UnreadableNotebook(Exception):
    """A file that is no notebook, or that cannot be read."""


@dataclass(frozen=True)
class TextCell:
    """A cell as the file has it; `kind` is its `cell_type`."""

    kind: object
    source: str
    metadata: dict


@dataclass(frozen=True)
class Cell:
    """A code cell: its text, what of it is run (or None), the names it defines, its nbgrader id.

    Or an answer that was turned into another `kind` of cell: nothing of it is run; as code it
    `would_define` a name.
    """

    source: str
    runs: str | None
    defines: frozenset
    functions: tuple = ()
    grade_id: str = ""
    kind: str = "code"
    would_define: str = ""


@dataclass(frozen=True)
class Released:
    """What the kit handed out: the sources of stubs, and of locked cells that set nothing up."""

    passive: frozenset = frozenset()
    stubs: frozenset = frozenset()


def read_cells(notebook, released: Released) -> list[Cell]:
    """Returns a notebook's code cells, from bytes or a path; then answers that are no code now.

    Raises:
        UnreadableNotebook: If it is not a readable notebook of format 4, or too large.
    """
    every = read_notebook(notebook)
    code = check_amount_of_code(every)
    found = [cells.find_definitions(cell.source) for cell in code]
    counts = Counter(name for one in found for name in one.names)
    others = [{name for name in one.names if counts[name] > 1} for one in found]
    turned = (build_unrun_cell(cell) for cell in every if cell.kind != "code")
    return [
        Cell(
            source=cell.source,
            runs=code_to_run(cell, one.names, elsewhere, released),
            defines=one.names,
            functions=one.functions,
            grade_id=grade_id(cell),
        )
        for cell, one, elsewhere in zip(code, found, others, strict=True)
    ] + [cell for cell in turned if cell.would_define]


def check_amount_of_code(every: list[TextCell]) -> list[TextCell]:
    """Returns the code cells; raises UnreadableNotebook where that is more than can be parsed."""
    code = [cell for cell in every if cell.kind == "code"]
    if len(code) > MAX_CELLS:
        raise UnreadableNotebook(f"the notebook has {len(code)} code cells, more than {MAX_CELLS}")
    written = sum(len(cell.source.encode("utf-8")) for cell in code)
    if written > MAX_CODE_BYTES:
        raise UnreadableNotebook(
            f"its code cells hold {written // 2**10} KiB of text, "
            f"more than {MAX_CODE_BYTES // 2**10}: put data into files"
        )
    return code


def open_file(path) -> BufferedReader:
    """Opens a file for reading its bytes. It never waits, as for somebody to write to a pipe.

    Raises:
        UnreadableNotebook: If something else than a file is there.
        OSError: If it cannot be opened.
    """
    file = open(  # noqa: SIM115
        path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))
    )
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise UnreadableNotebook("what was handed in is no file")
    return file


def read_file(path) -> bytes:
    """Returns the bytes of the notebook at `path`.

    Raises:
        UnreadableNotebook: If it has more than MAX_FILE_BYTES, or is closed, or was removed.
        OSError: If the machine cannot read it.
    """
    try:
        with open_file(path) as file:
            size = os.fstat(file.fileno()).st_size
            content = file.read(MAX_FILE_BYTES + 1) if size <= MAX_FILE_BYTES else b""
    except OSError as error:
        if faults.is_of_the_machine(error):
            raise
        raise UnreadableNotebook(
            f"the notebook's file cannot be read ({error.strerror})"
        ) from error
    if max(size, len(content)) > MAX_FILE_BYTES:
        raise UnreadableNotebook(
            f"the notebook has {size / 2**20:.1f} MiB, more than {MAX_FILE_BYTES / 2**20:g}: "
            "clear its outputs, and hand it in again"
        )
    return content


def strip_outputs(content: bytes, most=MAX_NOTEBOOK_BYTES) -> bytes:
    """Returns a notebook's bytes without outputs and attachments, which are cut out unread.

    Raises:
        UnreadableNotebook: If what is left has more than `most` bytes, or more than any notebook
            may have.
    """
    most = min(most, MAX_NOTEBOOK_BYTES)
    slim = b"".join(kept_pieces(content))
    if len(slim) > most:
        raise UnreadableNotebook(
            f"without its outputs the notebook has {len(slim) / 2**20:.3g} MiB, "
            f"more than {most / 2**20:g}: put data into files"
        )
    return slim


def kept_pieces(content: bytes) -> Iterator[bytes]:
    """Yields the parts of a JSON text that stay, with an empty one for each value that is CUT."""
    start, parts = 0, PARTS.finditer(content)
    longest = max(map(len, CUT))
    for part in parts:
        if part.end() - part.start() > longest or part[0] not in CUT:
            continue
        if not BEFORE_VALUE.match(content, part.end()):
            continue
        # The next bracket is the value's first: nothing but a colon comes between.
        first = next(parts)
        end = end_of_value(parts)
        if end is None:
            break
        yield content[start : first.start()]
        yield b"[]" if first[0] == b"[" else b"{}"
        start = end
    yield content[start:]


def end_of_value(parts) -> int | None:
    """Returns where a value ends whose first bracket was just read; None where it does not."""
    depth = 1
    for part in parts:
        size = part.end() - part.start()
        if size > 1:
            continue
        depth += 1 if part[0] in b"[{" else -1
        if depth == 0:
            return part.end()
    return None


def read_notebook(notebook) -> list[TextCell]:
    """Returns the `TextCell`s of a notebook, bytes or a path.

    What else it holds is not looked at: outputs that fit no schema cost minutes where they are
    validated.
    """
    content = notebook if isinstance(notebook, bytes) else notebook.read_bytes()
    try:
        found = [text_cell(cell) for cell in json.loads(content.decode("utf-8-sig"))["cells"]]
        # A lone surrogate is no text that a kernel could be sent.
        "".join(cell.source for cell in found if cell.kind == "code").encode("utf-8")
        return found
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UnreadableNotebook(
            f"the file is not a notebook of format 4 ({type(error).__name__}): "
            "save it again and look"
        ) from error


def text_cell(cell) -> TextCell:
    """Returns the `TextCell` that JSON data is; without code only the kind must be right."""
    kind, metadata = cell["cell_type"], cell.get("metadata")
    source = cell["source"] if kind == "code" else cell.get("source", "")
    if isinstance(source, list) and (
        kind == "code" or all(isinstance(line, str) for line in source)
    ):
        source = "".join(source)
    if not isinstance(source, str):
        if kind == "code":
            raise TypeError("the source of a cell is no text")
        source = ""
    return TextCell(kind, source, metadata if isinstance(metadata, dict) else {})


def build_unrun_cell(cell) -> Cell:
    """Returns the `Cell` of text that is no code; its id or first lines say what it defines."""
    name = (
        grade_id(cell).removesuffix(ANSWER)
        if grade_id(cell).endswith(ANSWER)
        else first_definition(cell.source)
    )
    kind = {"markdown": "Markdown", "raw": "Raw"}.get(
        cell.kind if isinstance(cell.kind, str) else "", "text"
    )
    return Cell(
        cell.source, None, frozenset(), grade_id=grade_id(cell), kind=kind, would_define=name
    )


def first_definition(text) -> str:
    """Returns the name that a text defines, or "".

    Only imports, comments and decorators may stand before the definition.
    """
    for line in text.splitlines():
        words = re.match(r"(def|class)\s+(\w+)", line)
        if words:
            return words[2]
        if line.strip() and not line.startswith(("#", "@", "import ", "from ")):
            return ""
    return ""


def read_released(assignment: str) -> Released:
    """Returns what was handed out of `assignment`.

    Raises:
        NotInstalled: If the kit has no built notebook of it, or one that cannot be read.
    """
    path = released_folder(assignment) / f"{assignment}.ipynb"
    try:
        code = [cell for cell in read_notebook(path) if cell.kind == "code"]
    except UnreadableNotebook as error:
        raise NotInstalled(
            f"the kit's own {path} cannot be read ({error}): build or install the kit again"
        ) from error
    locked = [
        cell for cell in code if grader_metadata(cell).get("locked") and grade_id(cell) != SETUP
    ]
    answers = [cell for cell in code if grader_metadata(cell).get("solution")]
    return Released(
        *(frozenset(strip_lines(cell.source) for cell in group) for group in (locked, answers))
    )


def code_to_run(cell, names, elsewhere, released: Released) -> str | None:
    """Returns the code of `cell` that grading runs, None where there is none.

    Checks and experiments as handed out hold no answer. Of a changed experiment only the
    definitions run: a student may have put a helper there, and nobody waits for a training to see.
    A stub as handed out must not undo an answer that stands in another cell.
    """
    source = strip_lines(cell.source)
    if not source or source in released.passive:
        return None
    if source in released.stubs and names and names <= elsewhere:
        return None
    if is_experiment(cell):
        return definitions(cell.source)
    return cell.source


def definitions(source: str) -> str | None:
    """Returns the functions, classes and imports of a cell as code, None where it has none.

    Functions and classes stand as the student wrote them: not every tree that was read can be
    written as text again.
    """
    tree, lines = cells.parse(source), cells.split_lines(source)
    kept = []
    for node in tree.body if tree else ():
        if isinstance(node, ast.Import | ast.ImportFrom):
            kept.append(ast.unparse(node))
        elif isinstance(node, cells.DEFINITIONS):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            kept.append("\n".join(lines[first - 1 : node.end_lineno]))
    return "\n\n".join(kept) or None


def strip_lines(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def grader_metadata(cell) -> dict[str, Any]:
    metadata = cell.metadata.get("nbgrader", {})
    return metadata if isinstance(metadata, dict) else {}


def grade_id(cell) -> str:
    found = grader_metadata(cell).get("grade_id")
    return found if isinstance(found, str) else ""


def texts_before(notebook) -> dict[str, str]:
    """Returns what a released notebook says before each question, by the question's name."""
    found, text = {}, ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and not grade_id(cell):
            text = cell.source
        elif grade_id(cell).endswith(ANSWER):
            found[grade_id(cell).removesuffix(ANSWER)] = text
    return found


def is_experiment(cell) -> bool:
    tags = cell.metadata.get("tags", [])
    return isinstance(tags, list) and "experiment" in tags
