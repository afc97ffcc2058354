"""What people see of a command while it works: lines, a moving line on a terminal, a bar."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.spinner import Spinner
from rich.table import Column
from rich.text import Text

from autograder.names import printable

__all__ = ["beside_results", "counting", "on_stdout", "outlasting_readers", "say", "waiting"]

# Columns of a log, where there is no terminal.
LOG_WIDTH = 120
BAR_WIDTH = 20


class Outlasting:
    """A stream that goes on when nobody reads it, as after `| head -1`: the rest is dropped."""

    def __init__(self, stream) -> None:
        self.stream = stream

    def __getattr__(self, name) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        try:
            return self.stream.write(text)
        except BrokenPipeError:
            self.let_go()
            return len(text)

    def flush(self) -> None:
        try:
            self.stream.flush()
        except BrokenPipeError:
            self.let_go()

    def let_go(self) -> None:
        """Turns the stream away from the pipe: Python writes what is left in it when it ends."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.stream.fileno())
        os.close(nowhere)


@contextlib.contextmanager
def outlasting_readers() -> Iterator[None]:
    """A context in which nothing that is printed ends the command because its reader has gone."""
    out, errors = Outlasting(sys.stdout), Outlasting(sys.stderr)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        try:
            yield
        finally:
            out.flush()
            errors.flush()


def on_stdout() -> Console:
    """Returns the console of a command that prints a report."""
    return Console(width=None if sys.stdout.isatty() else LOG_WIDTH)


def beside_results() -> Console:
    """Returns the console on which a command that prints results for programs says what it does.

    It is stdout where that is a terminal. Otherwise it is stderr, without a moving line:
    `device.choose` closes stderr while TensorFlow starts.
    """
    return (
        on_stdout()
        if sys.stdout.isatty()
        else Console(stderr=True, width=LOG_WIDTH, force_interactive=False)
    )


def say(console: Console, text: str, style=None) -> None:
    """Prints one line: names of students and files are no markup, and steer no terminal.

    A terminal gets it wrapped at words. A log gets one line, so that it can be searched.

    Args:
        console: Where.
        text: What.
        style: Its colour, in rich's words.
    """
    wrapped = not console.is_terminal
    console.print(
        printable(text), style=style, markup=False, emoji=False, highlight=False, soft_wrap=wrapped
    )


@contextlib.contextmanager
def waiting(console: Console, text: str) -> Iterator[Callable[[str], None]]:
    """Says what the command does while the context lasts: a moving line on a terminal, or one.

    Yields a function that takes what it does next. Nothing may be printed inside but through
    `console`.
    """
    if not console.is_interactive:
        say(console, text)
        yield partial(say, console)
        return
    with Live(moving(text), console=console, transient=True) as live:
        yield lambda text: live.update(moving(text), refresh=True)


def moving(text: str) -> Spinner:
    return Spinner("dots", Text(printable(text)))


@contextlib.contextmanager
def counting(
    console: Console, total: int
) -> Iterator[tuple[Callable[[str], None], Callable[[str], None]]]:
    """Shows how much of the work is done: a bar on a terminal, else lines that say what begins.

    Yields two functions: the first takes what begins, the second what is done, one of `total`.
    """
    if not console.is_interactive:
        yield partial(say, console), lambda text: None
        return
    with progress_bar(console) as bar:
        task = bar.add_task("", total=total)
        yield (
            lambda text: bar.update(task, description=printable(text)),
            lambda text: bar.update(task, description=printable(text), advance=1),
        )
        if bar.finished:
            bar.update(task, description="done")


def progress_bar(console: Console) -> Progress:
    # A long name is cut, the numbers stay.
    text = TextColumn(
        "{task.description}",
        markup=False,
        table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
    )
    return Progress(
        text,
        BarColumn(BAR_WIDTH),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        expand=True,
    )
