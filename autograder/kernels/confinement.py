"""Chooses the layers of confinement that this machine gives, by trying, and starts kernels.

`worker` applies the layers in the forked process; `view`, `landlock` and `linux` hold what they are
made of.
"""

import atexit
import contextlib
import shutil
import tempfile
import threading
import uuid
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from . import faults, warm

__all__ = ["COLD", "Confinement", "adopt", "choose", "new_folder", "share", "start", "start_server"]

# From the best to the least, which is a process of its own that may do what its user may.
LADDER = (
    warm.LAYERS,
    ("namespaces", "view", "seccomp"),
    ("namespaces", "view", "landlock"),
    ("namespaces", "view"),
    ("landlock", "seccomp"),
    ("landlock",),
    ("seccomp",),
    (),
)


@dataclass(frozen=True)
class Confinement:
    """What kernels are started with.

    Attributes:
        warm: Whether they are forked from a server that has imported everything.
        layers: The layers that are on, besides limits.
        missing: Why the others are not: a dict from layer to reason.
    """

    warm: bool
    layers: tuple = ()
    missing: dict = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether a submission can reach nothing but its own scratch folder."""
        return set(warm.LAYERS) <= set(self.layers)

    @property
    def closes_files(self) -> bool:
        """Whether a submission is kept from the files of the user who grades."""
        return bool({"view", "landlock"} & set(self.layers))


BOUNDS = warm.Bounds()
COLD = Confinement(False)


@cache
def choose() -> Confinement:
    """Returns the best `Confinement` that this machine gives; it holds for the whole process.

    Raises:
        OSError: If the machine has run out of space, memory or files, or fails: that says nothing
            about what it gives.
    """
    if _adopted:
        return _adopted[0]
    if not warm.possible():
        return Confinement(
            False, (), dict.fromkeys(warm.LAYERS, "only Linux on x86-64 or ARM has it")
        )
    try:
        server().start()
    except (warm.WarmError, OSError) as error:
        if isinstance(error, OSError) and not faults.is_refused(error):
            raise
        return Confinement(False, (), dict.fromkeys((*warm.LAYERS, "fork server"), str(error)))
    for layers in LADDER:
        # A machine that is busy may have failed at the first attempt.
        reason = try_layers(layers) and try_layers(layers)
        if reason is None:
            return Confinement(
                True,
                layers,
                {layer: why_not(layer, layers) for layer in warm.LAYERS if layer not in layers},
            )
    return Confinement(False, (), {**dict.fromkeys(warm.LAYERS, reason), "fork server": reason})


def why_not(layer, others) -> str:
    """Returns why `layer` cannot be had together with `others`."""
    asked = {layer, *others} | ({"namespaces"} if layer == "view" else set())
    return (
        try_layers(tuple(known for known in warm.LAYERS if known in asked))
        or "not together with the others"
    )


def try_layers(layers) -> str | None:
    """Starts a kernel with these layers; returns None, or why it fails. Raises as `choose`."""
    # In that of the server: it goes away with it, whatever happens to this process.
    folder = Path(tempfile.mkdtemp(prefix="vk-", dir=server().folder))
    try:
        process = start(folder, folder / "work", layers=layers)
        try:
            process.wait_until_ready()
        finally:
            process.close()
    except (warm.WarmError, OSError) as error:
        if faults.is_exhausted(error):
            raise
        return str(error)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return None


def describe_connection(key: str) -> dict[str, str | int]:
    """Returns what a kernel's connection file says, but for the folder of its sockets."""
    ports = {name: number for number, name in enumerate(warm.PORTS, 1)}
    return {"transport": "ipc", "key": key, "signature_scheme": "hmac-sha256"} | ports


# Not fewer arguments: they are the fields of a `warm.Request`, each with its usual value.
def start(
    folder,
    work,
    readable=(),
    extensions=(),
    layers=warm.LAYERS,
    limits=BOUNDS,
    gpu=False,
    key=None,
    figures=False,
    environment=None,
) -> warm.Process:
    """Returns the `warm.Process` of a new kernel.

    Args:
        folder: Receives its files.
        work: What is copied where it runs.
        readable: Files and folders that it may read besides Python's own.
        extensions: IPython extensions to load.
        layers: Which layers of confinement to put on.
        limits: The `warm.Bounds`.
        gpu: Whether it may see a GPU.
        key: Signs its messages; one is made where there is none.
        figures: Whether figures are drawn and sent as images.
        environment: Variables besides the usual ones.

    Raises:
        WarmError: If there is no fork server, or it gave no kernel.
    """
    for name in ("ipc", "root", "home", "work"):
        (folder / name).mkdir(exist_ok=True)
    request = warm.Request(
        connection=describe_connection(key or uuid.uuid4().hex),
        sockets=str(folder / "ipc"),
        root=str(folder / "root"),
        home=str(folder / "home"),
        work=str(work),
        readable=tuple(map(str, readable)),
        extensions=tuple(extensions),
        layers=tuple(layers),
        environment=warm.environment(folder / "home", gpu) | (environment or {}),
        limits=limits,
        gpu=gpu,
        figures=figures,
    )
    return server().request(request)


_lock = threading.Lock()
_servers: list[warm.Server] = []
_preloaded: list[str] = []
_adopted: list[Confinement] = []


def server() -> warm.Server:
    """Returns the fork server of this process."""
    with _lock:
        if not _servers:
            _servers.append(warm.Server(_preloaded))
            atexit.register(_servers[0].stop)
    return _servers[0]


def share(confinement) -> tuple[Confinement, Path | None, tuple[str, ...]]:
    """Returns what another process needs to use this `confinement` and server; see `adopt`."""
    if not confinement.warm:
        return confinement, None, ()
    server().start()
    return confinement, server().folder, tuple(_preloaded)


def adopt(shared) -> None:
    """Takes over what another process has shared, for as long as this one lives."""
    confinement, folder, modules = shared
    _adopted[:], _preloaded[:] = [confinement], modules
    if folder is not None:
        _servers[:] = [warm.Server(modules, folder)]


def new_folder(confinement) -> Path:
    """Returns a new folder for one kernel; those of warm ones go away with their server."""
    parent = server().folder if confinement.warm else None
    # Unix sockets allow 107 characters for a path: the folder's name must be short.
    return Path(tempfile.mkdtemp(prefix="vk-", dir=parent))


def start_server(*modules) -> None:
    """Starts the fork server in the background, where there can be one: TensorFlow takes long.

    It imports `modules` too, so that no kernel has to.
    """
    if warm.possible():
        _preloaded.extend(modules)
        threading.Thread(target=_start_quietly, daemon=True).start()


def _start_quietly() -> None:
    # Whoever asks for a kernel is told why there is none.
    with contextlib.suppress(warm.WarmError, OSError, ValueError):
        server().start()
