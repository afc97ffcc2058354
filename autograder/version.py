"""The kit's version: its number, and a digest of everything that decides a verdict."""

import hashlib
import importlib.util
import platform
import re
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from . import places

__all__ = ["__version__", "kit_version", "libraries"]

LIBRARIES = ("tensorflow", "tensorflow-probability", "keras", "numpy")


def written_version() -> str:
    """Returns the version in `vikit/__init__.py`: read, not imported, as every process needs it."""
    found: Any = importlib.util.find_spec("vikit")
    (version,) = re.findall(
        '^__version__ = "(.*)"', Path(found.origin).read_text(encoding="utf-8"), re.MULTILINE
    )
    return version


__version__ = written_version()


@cache
def libraries() -> dict[str, str]:
    """Returns the versions of what a verdict depends on, by name, without importing any of it."""
    return {"python": platform.python_version()} | {
        name: metadata.version(name) for name in LIBRARIES
    }


@cache
def kit_version() -> str:
    """Returns a verdict's version, such as `0.1.0+1a2b3c4d`: it changes with what decides one.

    These are the sources of both packages, and the notebooks and public cases that are graded
    against: the same in a checkout and in a kit that was installed from it.
    """
    import vikit

    digest = hashlib.sha256()
    for folder, path in deciding(Path(__file__).parent, Path(vikit.__file__).parent):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:8]}"


def deciding(kit, vikit) -> Iterator[tuple[Path, Path]]:
    """Yields (folder, file) of all files that decide a verdict, in order."""
    for folder in (kit, vikit):
        paths = [path for suffix in ("py", "md") for path in folder.rglob(f"*.{suffix}")]
        # In an installed kit these hold the notebooks, the solutions and the data.
        yield from (
            (folder, path)
            for path in sorted(paths)
            if path.relative_to(folder).parts[0] not in ("carried", "files")
        )
    for notebook in sorted(places.ASSIGNMENTS.glob("*/*.ipynb")):
        if notebook.stem == notebook.parent.name:
            yield from (
                (places.ASSIGNMENTS, path)
                for path in (notebook, notebook.with_name("public_cases.json"))
            )
