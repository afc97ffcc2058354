"""What the assignments release, as the tests that search it read it."""

import json

import nbformat

from autograder import tasks
from autograder.build import notebooks

__all__ = ["read", "strings"]


def read():
    """Returns a dict from each assignment to (its notebook's cells, its public cases)."""
    built = {name: notebooks.release(name) for name in tasks.names()}
    return {
        name: (
            nbformat.reads(files[f"{name}.ipynb"].decode(), as_version=4).cells,
            json.loads(files["public_cases.json"]),
        )
        for name, files in built.items()
    }


def strings(content):
    """Yields the strings of public cases: hints, repairs, remarks, sources, names."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict | list):
        for item in content.values() if isinstance(content, dict) else content:
            yield from strings(item)
