"""Which runs of a test wait for `make soak`: `make test` takes some of each kind."""

import pytest


def later(*values, **options):
    """Returns the parameters of a run that waits for the soak."""
    return pytest.param(*values, marks=pytest.mark.soak, **options)


def few(items, kind, also=()):
    """Returns a parameter for each item; all wait for the soak but the first of each kind, and
    those named in `also`.

    Args:
        items: Have a `name`.
        kind: From an item to its kind.
        also: Names.
    """
    seen, found = set(), []
    for item in items:
        now = kind(item) not in seen or item.name in also
        seen.add(kind(item))
        found.append(pytest.param(item, id=item.name, marks=() if now else pytest.mark.soak))
    return found
