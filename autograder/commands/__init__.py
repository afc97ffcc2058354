"""One module a command: `add_parser(commands)` says what it takes, `run(options)` runs it.

`run` returns the exit status.

What needs TensorFlow is imported when a command runs: `--help` does not wait for it.
"""

from . import (
    adopt,
    assignments,
    attempts,
    bench,
    collect,
    course,
    decisions,
    doctor,
    explain,
    give_back,
    grade,
    kernelspec,
    matrix,
    new_question,
    release,
    sample,
    similar,
    solutions,
    unnamed,
    written,
)

__all__ = ["COMMANDS"]

# In the order of `--help`.
COMMANDS = (
    collect,
    grade,
    sample,
    attempts,
    written,
    decisions,
    give_back,
    explain,
    similar,
    unnamed,
    adopt,
    new_question,
    assignments,
    solutions,
    release,
    course,
    matrix,
    bench,
    kernelspec,
    doctor,
)
