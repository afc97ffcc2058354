"""What the assignments release, as the tests that search it read it."""

import json
from functools import cache

import nbformat
from vikit.protocol import public_cases

from autograder import tasks
from autograder.places import ASSIGNMENTS

__all__ = ["read", "strings"]


@cache
def read():
    """Returns a dict from each assignment to (its notebook's cells, its public cases).

    They are read from `assignments/`: `test_build` says whether that is what a build makes.
    """
    return {
        name: (cells_of(name), json.loads(text_of(name, public_cases.FILE_NAME)))
        for name in tasks.names()
    }


def cells_of(name):
    return nbformat.reads(text_of(name, f"{name}.ipynb"), as_version=4).cells


def text_of(name, file):
    return (ASSIGNMENTS / name / file).read_text(encoding="utf-8")


def strings(content):
    """Yields the strings of public cases: hints, repairs, remarks, sources, names."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict | list):
        for item in content.values() if isinstance(content, dict) else content:
            yield from strings(item)
