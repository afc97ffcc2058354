"""Writes the places of a new known mistake: its row in the question, its lines in hints.md."""

import ast
import builtins
from pathlib import Path

from autograder import tasks
from autograder.files import write_whole
from autograder.names import printable
from autograder.tasks import QuestionError

from .skeleton import SkeletonError, check_identifier

__all__ = ["adopt"]


def adopt(assignment: str, question: str, name: str, code: str) -> list[tuple[Path, str]]:
    """Writes the places of a mistake, and returns a list of (path, what to do there).

    Args:
        assignment: The assignment.
        question: The question.
        name: The mistake's name.
        code: The answer that it is made of, which becomes a comment.

    Raises:
        SkeletonError: If the name is none, or is taken, or the question has no cases.
        LookupError: If there is no such assignment.
    """
    check_identifier(name)
    known = {one.name: one for one in tasks.load(assignment).questions}
    if question not in known or not known[question].cases:
        raise SkeletonError(
            f"{assignment} has no question {question!r} with cases: "
            f"there are {', '.join(one for one in known if known[one].cases)}"
        )
    if name in {mistake.name for mistake in known[question].mistakes}:
        raise SkeletonError(f"{question} has a mistake {name!r} already: take another name")
    folder = tasks.FOLDER / assignment
    module = find_module(folder, question)
    check_is_free(module, name)
    hints = folder / tasks.hints.FILE
    # The row last: without its hint the kit would not load.
    texts = {
        hints: with_hint(hints.read_text(encoding="utf-8"), question, name),
        module: with_row(module.read_text(encoding="utf-8"), question, name, code),
    }
    for path, text in texts.items():
        write_whole(path, text)
    return [
        (module, f"in {name}, what the answer computes, in NumPy"),
        (hints, "what a student with this mistake is told: what is off, and how to mend it"),
    ]


def check_is_free(module: Path, name: str) -> None:
    """Raises `SkeletonError` if a module has a use for a name, or a name of Python's own."""
    used = {
        getattr(node, "id", "") or getattr(node, "name", "")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
    }
    if name in used or hasattr(builtins, name):
        raise SkeletonError(f"{module.name} has another use for {name!r}: take another name")


def find_module(folder: Path, question: str) -> Path:
    """Returns the module of an assignment that declares a question."""
    for path in sorted(folder.glob("*.py")):
        if find_question(ast.parse(path.read_text(encoding="utf-8")), question):
            return path
    raise QuestionError(f"no module in {folder.name} declares {question}")


def find_question(tree: ast.Module, question: str) -> tuple[ast.stmt, ast.Call] | None:
    """Returns the statement that declares a question, and its call of `wrong`; None if absent."""
    for statement in tree.body:
        for node in ast.walk(statement):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "Question":
                continue
            options = {item.arg: item.value for item in node.keywords}
            name, mistakes = options.get("name"), options.get("mistakes")
            if (
                isinstance(name, ast.Constant)
                and name.value == question
                and isinstance(mistakes, ast.Call)
            ):
                return statement, mistakes
    return None


def with_row(text: str, question: str, name: str, code: str) -> str:
    """Returns a module's text with a function for the mistake, and its row."""
    lines = text.splitlines(keepends=True)
    found = find_question(ast.parse(text), question)
    assert found, question
    statement, mistakes = found
    assert mistakes.end_lineno is not None
    end = mistakes.end_lineno - 1
    indent = " " * (len(lines[end]) - len(lines[end].lstrip()) + 4)
    lines.insert(end, f"{indent}{name}={name},\n")
    # A student's text: no character in it may end the comment, or the module.
    comment = "\n".join(f"    # {printable(line)}".rstrip() for line in code.splitlines())
    function = (
        f"def {name}(*arguments) -> np.ndarray:\n"
        f"    # A student's answer:\n{comment}\n"
        f'    raise NotImplementedError("{name}: write here in NumPy what the answer computes")\n'
        "\n\n"
    )
    lines.insert(statement.lineno - 1, function)
    return "".join(lines)


def with_hint(text: str, question: str, name: str) -> str:
    """Returns the text of hints.md with the lines of the mistake, at the end of its question's."""
    entry = f"- **{name}** What is off.\n  Repair: How to mend it.\n"
    lines = text.splitlines(keepends=True)
    heads = [index for index, line in enumerate(lines) if line.startswith("#")]
    start = next((index for index in heads if lines[index].strip("# \n") == question), None)
    if start is None:
        return f"{text.rstrip()}\n\n## {question}\n\n{entry}"
    end = next((index for index in heads if index > start), len(lines))
    if any(line.startswith(f"- **{name}** ") for line in lines[start:end]):
        # From a run that did not come to its end.
        return text
    while not lines[end - 1].strip():
        end -= 1
    lines.insert(end, entry)
    return "".join(lines)
