"""A course's folder as nbgrader knows it: source and release, and nbgrader's settings for it.

Whoever runs nbgrader there gets what the kit does: its `nbgrader_config.py` calls `configure`.
"""

from .settings import configure

__all__ = ["configure"]
