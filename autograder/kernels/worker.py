"""The first code in a forked kernel process: it confines itself, then becomes a kernel.

It confines itself layer by layer, and never returns.

The order matters: namespaces and view first, Landlock before there are threads (it holds for one),
the filter of system calls last (it holds for all of them, and making sockets is over by then).
"""

import json
import os
import resource
import signal
import sys
import tempfile
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

from . import landlock, linux, syscalls, view

if TYPE_CHECKING:
    from ipykernel.kernelapp import IPKernelApp

__all__ = ["KILL", "Prepared", "namespaces", "run"]

KILL = 9
USER = 1000
FIRST_USER = 200_000
# What is printed reaches the grader in messages of so many characters at most.
PIECE = 2**18
NO_PROGRAMS = "no program is started here: notebooks that are graded run without a shell"


def namespaces(layers) -> None:
    """Leaves the machine's namespaces. What a keeper forks next is process 1 of the new ones."""
    if "namespaces" not in layers:
        return
    flags = (
        linux.CLONE_NEWPID
        | linux.CLONE_NEWNET
        | linux.CLONE_NEWIPC
        | linux.CLONE_NEWUTS
        | linux.CLONE_NEWCGROUP
    )
    user, group = os.geteuid(), os.getegid()
    linux.libc("unshare", flags | (linux.CLONE_NEWUSER if user else 0))
    if user:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{USER} {user} 1"),
            ("gid_map", f"{USER} {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)


@dataclass(frozen=True)
class Prepared:
    """What the server has made once for all kernels.

    Attributes:
        programs: The filters of system calls (see `server.filters`).
        modules: Names of the modules that kernels are to forget. Whoever looks at all names of all
            modules writes to a memory page for each, and every page that is written to is copied.
    """

    programs: dict[tuple[bool, bool], bytes]
    modules: tuple[str, ...]


def run(request: dict[str, Any], ready: int, root: str, prepared: Prepared) -> None:
    """Becomes the kernel that `request` asks for; tells `ready` so, or which layer failed.

    Args:
        request: See `warm.Request`.
        ready: The descriptor of a pipe.
        root: An empty folder, outside.
        prepared: The `Prepared` of the server.
    """
    try:
        app, layers = _confined_app(request, ready, root, prepared)
        os.write(ready, json.dumps({"ready": True, "layers": layers}).encode())
        os.close(ready)
    except BaseException as error:  # noqa: BLE001 whatever it is: the grader is told, and the process ends
        told = {
            "error": f"{type(error).__name__}: {error}"[:500],
            "errno": getattr(error, "errno", None),
        }
        os.write(ready, json.dumps(told).encode())
        os._exit(1)
    try:
        app.start()
    finally:
        os._exit(0)


def _confined_app(
    request: dict[str, Any], ready: int, root: str, prepared: Prepared
) -> "tuple[IPKernelApp, list[str]]":
    """Returns the kernel's application, and the layers that are on."""
    layers = request["layers"]
    _alone(ready)
    owner = _owner(layers, request["number"])
    sockets, home, work = _enter_view(request, root, owner)
    _limit(request["limits"], filled="view" not in layers)
    if layers:
        _become(owner)
    _settle(request, home, work, prepared.modules)
    if "landlock" in layers:
        _close_files(request, sockets)
    app = _initialise(request, sockets, home)
    if "seccomp" in layers:
        _filter_calls(request, prepared.programs)
    return app, [
        layer
        for layer in ("namespaces", "view", "limits", "landlock", "seccomp")
        if layer in {*layers, "limits"}
    ]


def _enter_view(request: dict[str, Any], root: str, owner: int) -> tuple[str, str, str]:
    """Returns where sockets, home and the working folder are: in the view, where there is one."""
    if "view" not in request["layers"]:
        return request["sockets"], request["home"], request["work"]
    linux.libc("unshare", linux.CLONE_NEWNS)
    if os.geteuid() == 0 and owner != USER:
        os.chown(request["sockets"], owner, owner)
    view.build(request, root, owner)
    linux.libc("sethostname", b"kernel", 6)
    return view.SOCKETS, view.HOME, view.WORK


def _close_files(request: dict[str, Any], sockets: str) -> None:
    """Puts on Landlock."""
    inside = "view" in request["layers"]
    allowed = view.rights(request["readable"], inside=inside)
    writable = [view.TMP, view.SHARED] if inside else [request["home"], request["work"]]
    allowed |= {path: landlock.WRITE for path in writable}
    allowed |= {sockets: landlock.READ | landlock.MAKE_SOCK}
    # Without capabilities the kernel asks for this first.
    linux.set_process(linux.PR_SET_NO_NEW_PRIVS, 1)
    landlock.restrict(allowed)


def _filter_calls(request: dict[str, Any], programs) -> None:
    """Puts on the filter of system calls."""
    program = programs.get(("view" not in request["layers"], request["gpu"]))
    if program is None:
        raise OSError("seccomp: the library libseccomp is not installed")
    syscalls.load(program)


def _alone(ready: int) -> None:
    """Leaves the server's signals, descriptors and session behind."""
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    linux.set_process(linux.PR_SET_PDEATHSIG, KILL)
    os.setsid()
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.closerange(3, ready)
    os.closerange(ready + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _owner(layers, number) -> int:
    """Returns the user that the process is to be, in its namespace: outside it owns nothing."""
    if "view" not in layers:
        return os.geteuid()
    # In a user namespace the one user that is mapped; as root a user of this process alone.
    return USER if os.geteuid() else FIRST_USER + number


def _limit(limits, filled) -> None:
    hard = {
        resource.RLIMIT_DATA: limits["memory"],
        resource.RLIMIT_NPROC: limits["processes"],
        resource.RLIMIT_NOFILE: limits["files"],
        resource.RLIMIT_FSIZE: limits["scratch"],
        resource.RLIMIT_CPU: limits["cpu"],
        resource.RLIMIT_CORE: 0,
    }
    if filled:
        # Outside of its namespace this would count all processes of the user.
        del hard[resource.RLIMIT_NPROC]
    for kind, value in hard.items():
        ceiling = resource.getrlimit(kind)[1]
        value = value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)
        resource.setrlimit(kind, (value, value))


def _become(owner: int) -> None:
    """Gives up root and every capability."""
    if os.geteuid() == 0 and owner != 0:
        os.setgroups([])
        os.setresgid(owner, owner, owner)
        os.setresuid(owner, owner, owner)
    else:
        linux.drop_capabilities()
    linux.set_process(linux.PR_SET_NO_NEW_PRIVS, 1)
    linux.set_process(linux.PR_SET_PDEATHSIG, KILL)


def _settle(request: dict[str, Any], home: str, work, modules) -> None:
    """Makes the folders of this process its own, and forgets the server's."""
    for name in modules:
        sys.modules.pop(name, None)
    os.environ.clear()
    os.environ.update(request["environment"])
    names = ("HOME", "IPYTHONDIR", "MPLCONFIGDIR", "KERAS_HOME", "XDG_CACHE_HOME", "TMPDIR")
    os.environ.update({name: home for name in names})
    os.environ.update({f"JUPYTER_{name}_DIR": home for name in ("RUNTIME", "CONFIG", "DATA")})
    tempfile.tempdir = None
    os.chdir(work)
    sys.path[:] = [path for path in sys.path if path]
    import numpy as np

    np.random.seed()


def _flush_only_what_there_is(kind) -> None:
    """Has streams of this class return at once from `flush` where nothing was written.

    A request flushes them eight times.
    """
    flush, send = kind.flush, kind._flush
    kind.sending = False

    def send_and_say(stream) -> None:
        stream.sending, stream.waiting = True, 0
        try:
            send(stream)
        finally:
            stream.sending = False

    kind._flush = send_and_say
    # What is just being sent is waited for: it must come before the kernel says that it is idle.
    kind.flush = lambda stream: flush(stream) if stream._flush_pending or stream.sending else None


def _send_in_pieces(kind) -> None:
    """Has streams of this class send what is written as soon as it is PIECE characters.

    A flood is then no single large message.
    """
    write, kind.waiting = kind.write, 0

    def write_pieces(stream, text) -> int:
        if len(text) + stream.waiting < PIECE:
            stream.waiting += len(text)
            return write(stream, text)
        for start in range(0, len(text), PIECE):
            write(stream, text[start : start + PIECE])
            stream.flush()
        return len(text)

    kind.write = write_pieces


class _WithoutModules:
    """The module `sys` but for the modules."""

    modules: ClassVar[dict[str, ModuleType]] = {}

    def __getattr__(self, name) -> Any:
        return getattr(sys, name)


def _initialise(request: dict[str, Any], sockets: str, home: str) -> "IPKernelApp":
    """Returns an ipykernel application whose sockets are bound and whose threads run."""
    from ipykernel.kernelapp import IPKernelApp

    _adapt_ipykernel()
    connection = request["connection"] | {"ip": f"{sockets}/k"}
    file = os.path.join(home, "connection.json")
    with open(file, "w") as opened:
        json.dump(connection, opened)
    arguments = ["-f", file, "--HistoryManager.enabled=False"]
    arguments += [f"--IPKernelApp.extensions={name}" for name in request["extensions"]]
    app = IPKernelApp.instance()
    app.initialize(arguments)
    shell: Any = app.shell
    if request["figures"]:
        # matplotlib was imported before there was a shell that it could have told.
        shell.enable_matplotlib("inline")
    # A client waits for the kernel to be idle: nothing that was printed comes after that.
    app.kernel._execute_sleep = 0
    _adapt_shell(shell)
    return app


def _adapt_ipykernel() -> None:
    """Has ipykernel do without what this process may not do, or what takes long."""
    import ipykernel.debugger
    import ipykernel.iostream
    import ipykernel.ipkernel

    debugger: Any = ipykernel.debugger
    ipkernel: Any = ipykernel.ipkernel
    iostream: Any = ipykernel.iostream
    # Both would open TCP sockets, which this process may not.
    debugger._is_debugpy_available = False
    # For the debugger alone it looks at every module, at the price of a fifth
    # of the start (see `Prepared`).
    ipkernel.sys = _WithoutModules()
    iostream.IOPubThread._setup_pipe_in = lambda thread: setattr(thread, "_pipe_flag", False)
    _flush_only_what_there_is(iostream.OutStream)
    _send_in_pieces(iostream.OutStream)


def _adapt_shell(shell) -> None:
    """Has what would end the process, or start one, do nothing, so that the rest runs."""
    # `exit()`, or a cell that restarts the kernel as many do on Colab, ends nothing:
    # the rest of the notebook runs.
    shell._update_exit_now = lambda change: None
    # `!command` in a cell says why nothing happens, and the rest of the cell runs.
    shell.system = lambda command: print(NO_PROGRAMS, file=sys.stderr)
    shell.getoutput = lambda command, split=True, depth=0: [] if split else ""
