"""The kit's version: its number, and a digest of everything that decides a verdict."""

import hashlib
import platform
from functools import cache
from importlib import metadata
from pathlib import Path

__version__ = "0.1.0"


LIBRARIES = ("tensorflow", "tensorflow-probability", "keras", "numpy")


@cache
def libraries():
    """Returns the versions of what a verdict also depends on, by name, without importing any of it."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in LIBRARIES}


@cache
def kit_version():
    """Returns the version that a verdict carries, for example `0.1.0+1a2b3c4d`: it changes with every source file."""
    import vikit

    digest = hashlib.sha256()
    for package in (Path(__file__).parent, Path(vikit.__file__).parent):
        for path in sorted(package.rglob("*.py")):
            digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:8]}"
