"""Reads what a notebook's cells define and answer from their text; executes nothing."""

import ast
import hashlib
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

__all__ = [
    "DEFINITIONS",
    "TEXT_STUB",
    "UNTOUCHED",
    "Definitions",
    "digest_text",
    "find_definitions",
    "parse",
    "read_sources",
    "read_written_answers",
    "split_lines",
]

# What a released notebook holds in the place of an answer in words.
TEXT_STUB = "*Your answer here.*"
# The entry of such a cell's metadata that holds the digest of its text as it was released.
UNTOUCHED = "untouched"
# The line below a table's head.
TABLE_RULE = re.compile(r"\|?\s*:?-+[\s:|-]*\Z")

DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Definitions:
    """The names that a cell binds, its top-level functions and classes, and which are stubs."""

    names: frozenset
    functions: tuple = ()
    stubs: frozenset = frozenset()


def find_definitions(source) -> Definitions:
    """Returns the `Definitions` of a cell; if it is no Python, of its `def` and `class` lines."""
    tree = parse(source)
    if tree is None:
        words = [line.split("(")[0].split(":")[0].split() for line in source.splitlines()]
        return Definitions(
            frozenset(word[1] for word in words if len(word) == 2 and word[0] in ("def", "class"))
        )
    functions = [node for node in tree.body if isinstance(node, DEFINITIONS)]
    stubs = frozenset(node.name for node in functions if is_stub(node))
    return Definitions(frozenset(bound_names(tree)), tuple(node.name for node in functions), stubs)


def read_sources(content) -> list[str]:
    """Returns the texts of the code cells of a notebook, given as the bytes of its file.

    Raises:
        ValueError: If it is no notebook.
    """
    try:
        found = json.loads(content.decode("utf-8-sig"))["cells"]
        return ["".join(cell["source"]) for cell in found if cell["cell_type"] == "code"]
    except (KeyError, TypeError) as error:
        raise ValueError(f"it has no cells ({type(error).__name__}: {error})") from error


def read_written_answers(content) -> dict[str, bool]:
    """Returns a dict from each question that is answered in words to whether it is answered.

    A cell whose text is as it was released, but perhaps for the stub and empty tables, is not
    answered. An answer that has lost its metadata, as some editors have it, is in it if it is not
    written, by its first line.

    Args:
        content: The bytes of a notebook's file, as `read_sources` reads them.
    """
    answered = {}
    for cell in json.loads(content.decode("utf-8-sig"))["cells"]:
        if cell["cell_type"] != "markdown":
            continue
        text, metadata = "".join(cell.get("source") or ""), cell.get("metadata")
        marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
        marks = marks if isinstance(marks, dict) else {}
        if TEXT_STUB in text or marks.get("solution"):
            name = str(marks.get("grade_id") or text.strip().partition("\n")[0])
            released = metadata.get(UNTOUCHED) if isinstance(metadata, dict) else None
            answered[name] = TEXT_STUB not in text and digest_text(text) != released
    return answered


def digest_text(text) -> str:
    """Returns a digest of a written answer's cell, the same before and after the stub is deleted.

    Spaces, line breaks and tables without an entry do not count.
    """
    left = " ".join(remove_empty_tables(text.replace(TEXT_STUB, "")).split())
    return hashlib.sha256(left.encode()).hexdigest()[:16]


def remove_empty_tables(text) -> str:
    """Returns Markdown without the tables that have no entry below their heads."""
    kept: list[str] = []
    for is_table, lines in groupby(text.split("\n"), lambda line: line.lstrip().startswith("|")):
        block = list(lines)
        if not (is_table and is_empty_table(block)):
            kept += block
    return "\n".join(kept)


def is_empty_table(rows) -> bool:
    """Tells whether lines are a table that has entries in its first column, the names, alone."""
    if len(rows) < 2 or not TABLE_RULE.match(rows[1].strip()):
        return False
    below = [row.strip().strip("|").split("|")[1:] for row in rows[2:]]
    return not any(entry.strip() for row in below for entry in row)


def split_lines(source) -> list[str]:
    """Returns a cell's lines as Python counts them; `str.splitlines` splits at more characters."""
    return source.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def parse(source) -> ast.Module | None:
    """Returns the syntax tree of a cell without its IPython lines, None where it is no Python."""
    # Blanked out, not dropped: line numbers stay.
    lines = [
        "" if line.lstrip().startswith(("%", "!", "?")) else line for line in split_lines(source)
    ]
    try:
        with warnings.catch_warnings():
            # Warnings about a student's string escapes are for the student alone.
            warnings.simplefilter("ignore")
            return ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def bound_names(node) -> Iterator[str]:
    """Yields the names that a module's statements bind, in blocks too but not in functions."""
    # Not recursive: the tree of a sum of a thousand terms is a thousand levels deep.
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        child = waiting.pop()
        if isinstance(child, DEFINITIONS):
            yield child.name
        elif isinstance(child, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name.split(".")[0] for alias in child.names)
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id
        elif not isinstance(child, ast.Lambda):
            waiting += ast.iter_child_nodes(child)


def is_stub(function) -> bool:
    """Tells whether a function, or a class's method, ends by raising NotImplementedError."""
    if isinstance(function, ast.ClassDef):
        return any(is_stub(method) for method in function.body if isinstance(method, DEFINITIONS))
    last = function.body[-1]
    error = last.exc if isinstance(last, ast.Raise) else None
    error = error.func if isinstance(error, ast.Call) else error
    return isinstance(error, ast.Name) and error.id == "NotImplementedError"
