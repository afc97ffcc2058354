"""Each layer of the confinement bites: what it forbids fails inside, and works outside of it."""

import contextlib
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import patience
import pytest
import soak

import autograder
from autograder import kernels
from autograder.kernels import (
    LAYERS,
    Bounds,
    Confinement,
    Kernel,
    kernel,
    linux,
    server,
    view,
    warm,
)
from autograder.kernels import confinement as confinements

MIB = 2**20
NOBODY = 65534
needs_layers = pytest.mark.skipif(
    "not kernels.choose().complete", reason="some layers are missing here"
)
pytestmark = [pytest.mark.kernels, needs_layers]
CHECK = "import os\ntry:\n    {}\nexcept {}: pass\nelse: raise SystemExit('it works')"


@pytest.fixture(scope="module")
def inside():
    with Kernel() as kernel:
        yield kernel


@pytest.fixture(scope="module")
def outside():
    """A warm kernel without any layer."""
    with Kernel(confinement=Confinement(True)) as kernel:
        yield kernel


def works(kernel, code):
    outcome = kernel.execute(code, patience.AGES)
    return outcome.status == "ok", f"{outcome.status} {outcome.error_name} {outcome.error_text}"


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    """A folder such as graders have: with answers and grades of others, all of it readable to its
    user.
    """
    folder = tmp_path_factory.mktemp("course")
    (folder / "gradebook.db").write_text("grades")
    return folder


FORBIDDEN = {
    "view: a file of the grader": "open({secrets!r} + '/gradebook.db').read()",
    "view: whether it is there": "import os; os.stat({secrets!r})",
    "view: a file of the grader, written": "open({secrets!r} + '/gradebook.db', 'a').write('x')",
    "view: the repository": "import os; os.listdir({repository!r} + '/solutions')",
    "view: a package, changed": "import os, numpy; os.utime(numpy.__file__)",
    "landlock: the root, listed": "import os; os.listdir('/')",
    "landlock: the socket folder, cleared": (
        "import os; [os.unlink(f'/ipc/k-{{n}}') for n in range(1, 6)]"
    ),
    "namespaces: the server, signalled": "import os; os.kill({server}, 0)",
    "namespaces: the server's memory": "open('/proc/{server}/mem', 'rb')",
    "namespaces: the name of this machine": (
        "import socket; assert socket.gethostname() == {host!r}"
    ),
    "seccomp: a process": "import os; p = os.fork()\nif p == 0: os._exit(0)\nos.waitpid(p, 0)",
    "seccomp: a program": "import subprocess; subprocess.run(['/bin/true'], check=True)",
    "seccomp: a socket": "import socket; socket.socket().close()",
    "seccomp: a Unix socket": "import socket; socket.socket(socket.AF_UNIX).close()",
    "seccomp: a name for a socket": (
        "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()"
    ),
    "seccomp: memory as a file": "import os; os.close(os.memfd_create('x'))",
    "seccomp: more room in a socket": (
        "import socket\na, b = socket.socketpair()\nroom = socket.SOL_SOCKET, "
        "socket.SO_SNDBUF\nbefore = a.getsockopt(*room)\na.setsockopt(*room, 2**24)\nassert "
        "a.getsockopt(*room) > before"
    ),
    "seccomp: more room in a pipe": "import fcntl, os; fcntl.fcntl(os.pipe()[1], 1031, 2**18)",
    "seccomp: watching files": "import ctypes; assert ctypes.CDLL(None).inotify_init() >= 0",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_what_is_forbidden_fails_inside_and_works_outside(what, inside, outside, secrets):
    code = FORBIDDEN[what].format(
        secrets=str(secrets),
        repository=str(Path(kernels.__file__).parents[2]),
        host=socket.gethostname(),
        server=confinements.server().process.pid,
    )
    fine, said = works(inside, code)
    assert not fine
    assert not said.startswith(("timeout", "dead")), said
    # A package may belong to somebody else; the socket folder is there in a view only.
    if "socket folder" not in what and ("package" not in what or os.access(np.__file__, os.W_OK)):
        assert works(outside, code)[0], works(outside, code)[1]
    assert (secrets / "gradebook.db").read_text() in ("grades", "gradesx")


LAYER_ALONE = {
    ("namespaces", "view"): "import os; assert not os.path.exists({secrets!r})",
    ("landlock",): (
        "import os\ntry: os.listdir({secrets!r})\nexcept PermissionError: pass\nelse: raise "
        "SystemExit"
    ),
    ("seccomp",): "import os\ntry: os.fork()\nexcept PermissionError: pass\nelse: raise SystemExit",
    ("namespaces",): "import os; assert os.getpid() == 1",
}


@pytest.mark.parametrize("layers", LAYER_ALONE, ids="+".join)
def test_a_layer_bites_alone(layers, secrets):
    with Kernel(confinement=Confinement(True, layers)) as kernel:
        assert works(kernel, LAYER_ALONE[layers].format(secrets=str(secrets)))[0]
        assert works(
            kernel, "import tensorflow as tf; assert float(tf.reduce_sum(tf.ones(3))) == 3"
        )[0]


@pytest.mark.parametrize(
    ("gone", "left"),
    [
        ({"landlock"}, ("namespaces", "view", "seccomp")),
        ({"seccomp"}, ("namespaces", "view", "landlock")),
        ({"view"}, ("landlock", "seccomp")),
        ({"namespaces", "view", "landlock"}, ("seccomp",)),
        (set(LAYERS), ()),
    ],
    ids=lambda part: "+".join(sorted(part)) or "none",
)
def test_what_a_machine_lacks_costs_no_other_layer(monkeypatch, gone, left):
    monkeypatch.setattr(
        confinements,
        "try_layers",
        lambda layers: ", ".join(f"no {layer}" for layer in layers if layer in gone) or None,
    )
    monkeypatch.setattr(confinements, "server", lambda: SimpleNamespace(start=lambda: None))
    found = confinements.choose.__wrapped__()
    assert found.layers == left
    assert set(found.missing) == set(LAYERS) - set(left)
    for layer, reason in found.missing.items():
        assert f"no {layer}" in reason or layer == "namespaces"
    assert found.closes_files == bool({"view", "landlock"} & set(left))


def test_where_the_server_does_not_start_nobody_waits_for_it_twice(monkeypatch):
    attempts = []

    def fail():
        attempts.append(1)
        raise warm.WarmError("the fork server did not start")

    monkeypatch.setattr(confinements, "server", lambda: SimpleNamespace(start=fail))
    found = confinements.choose.__wrapped__()
    assert (found.warm, found.layers, len(attempts)) == (False, (), 1)
    assert found.missing["fork server"] == "the fork server did not start"


OTHERS = {
    "killed": "import os; os.kill({pid}, 9)",
    "killed by thread": "import ctypes; ctypes.CDLL(None).syscall({tgkill}, {pid}, {pid}, 9)",
    "signalled by a descriptor": (
        "import fcntl, os, socket\na, b = socket.socketpair()\nfcntl.fcntl(a, fcntl.F_SETOWN, "
        "{pid})\nfcntl.fcntl(a, 10, 9)\nfcntl.fcntl(a, fcntl.F_SETFL, fcntl.fcntl(a, "
        "fcntl.F_GETFL) | os.O_ASYNC)\nb.send(b'x')"
    ),
    "slowed": "import os; os.sched_setscheduler({pid}, os.SCHED_IDLE, os.sched_param(0))",
}


def is_well(echo):
    """Tells whether a process that says what it is told still does, and when it is its turn."""
    with contextlib.suppress(BrokenPipeError):
        echo.stdin.write(b"hello\n")
    return (
        echo.stdout.readline() == b"hello\n" and os.sched_getscheduler(echo.pid) == os.SCHED_OTHER
    )


@pytest.mark.parametrize("what", OTHERS)
def test_without_a_view_another_process_of_the_user_is_left_alone(what, outside):
    tgkill = 234 if platform.machine() == "x86_64" else 131
    with Kernel(confinement=Confinement(True, ("seccomp",))) as kernel:
        for where, harmed in ((kernel, False), (outside, True)):
            with subprocess.Popen(
                ["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
            ) as other:
                where.execute(OTHERS[what].format(pid=other.pid, tgkill=tgkill), patience.AGES)
                assert (not is_well(other)) == harmed
                other.kill()


def test_without_a_view_nothing_can_be_sent_to_a_socket_of_the_user(tmp_path, outside):
    """A pair of datagram sockets needs no `connect` to reach any other one."""
    send = (
        "import socket; socket.socketpair(socket.AF_UNIX, "
        f"socket.SOCK_DGRAM)[0].sendto(b'forged', '{tmp_path}/log')"
    )
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log,
        Kernel(confinement=Confinement(True, ("seccomp",))) as kernel,
    ):
        log.bind(f"{tmp_path}/log")
        assert not works(kernel, send)[0]
        assert works(kernel, "import socket; socket.socketpair()")[0]
        assert works(outside, send)[0]


def test_an_environment_behind_a_link_is_seen_where_it_lies(tmp_path, monkeypatch):
    (tmp_path / "lies-here").mkdir()
    (tmp_path / ".venv").symlink_to("lies-here")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    assert {str(tmp_path / ".venv"), str(tmp_path / "lies-here")} <= set(view.libraries())


def test_without_a_view_only_its_own_process_can_be_looked_at(outside):
    look = "import os; open('/proc/{}/status').read(); os.listdir('/proc/self/task')"
    with Kernel(confinement=Confinement(True, ("landlock", "seccomp"))) as kernel:
        assert works(kernel, look.format("self"))[0]
        assert works(kernel, "open('/proc/meminfo').read()")[0]
        for what in (look.format(os.getpid()), "import os; os.listdir('/proc')"):
            assert not works(kernel, what)[0]
            assert works(outside, what)[0]


def test_as_root_without_namespaces_a_kernel_has_no_capability():
    with Kernel(confinement=Confinement(True, ("landlock", "seccomp"))) as kernel:
        code = (
            "status = open('/proc/self/status').read()\nassert 'CapEff:\\t0000000000000000' in "
            "status, status"
        )
        assert works(kernel, code)[0]


def test_the_network_is_not_there(inside, outside):
    """Without the filter of system calls there is still no way out."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        Kernel(confinement=Confinement(True, ("namespaces", "view"))) as kernel,
    ):
        code = (
            "import socket; socket.create_connection(('127.0.0.1', "
            f"{server.getsockname()[1]}), 300)"
        )
        assert not works(kernel, code)[0]
        assert works(outside, code)[0]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import numpy as np; np.ones(3 * 2**27)", "MemoryError"),
        # TensorFlow tries for ten seconds before it says that there is no memory:
        # NumPy meets the same limit at once.
        soak.later("import tensorflow as tf; tf.ones(3 * 2**29)", "ResourceExhaustedError"),
        ("open('big', 'wb').write(bytes(100 * 2**20))", "OSError"),
        ("for n in range(10**5): open(f'file{n}', 'w').close()", "OSError"),
        ("kept = [open('/dev/null') for n in range(1000)]", "OSError"),
        (
            "import threading, time\nfor n in range(1000): "
            "threading.Thread(target=time.sleep, args=(9999,), daemon=True).start()",
            "RuntimeError",
        ),
    ],
)
def test_what_a_kernel_uses_is_bounded(code, error):
    with Kernel(limits=Bounds(memory=2048 * MIB, scratch=64 * MIB)) as kernel:
        outcome = kernel.execute(code, patience.AGES)
        assert (outcome.status, outcome.error_name) == ("error", error)
        assert kernel.execute("1 + 1", patience.AGES).status == "ok"


@pytest.fixture
def all_its_time(monkeypatch):
    """A process that has closed its sockets takes its time to end: only then it is known what has
    ended it.
    """
    monkeypatch.setattr(kernel, "GRACE_SECONDS", patience.AGES)


@pytest.mark.usefixtures("all_its_time")
def test_memory_that_no_limit_of_the_system_sees_cannot_be_had_or_ends_the_kernel():
    # It keeps what it has until somebody looks.
    share = (
        "import mmap; m = mmap.mmap(-1, 3 * 2**30); [m.write(bytes(2**20)) for _ in "
        "range(3000)]\nwhile True: pass"
    )
    with Kernel() as kernel:
        assert kernel.execute(share, patience.AGES).error_name == "PermissionError"
    with Kernel(
        limits=Bounds(memory=1536 * MIB), confinement=Confinement(True, ("namespaces", "view"))
    ) as kernel:
        outcome = kernel.execute(share, patience.AGES)
        assert (outcome.status, outcome.reason) == ("dead", "it used more than 1.5 GiB of memory")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import ctypes; ctypes.string_at(0)", warm.COMPILED),
        ("import os; os.abort()", warm.COMPILED),
        ("import os; os._exit(3)", ""),
    ],
)
@pytest.mark.usefixtures("all_its_time")
def test_what_ended_a_kernel_is_known(code, reason):
    with Kernel() as kernel:
        outcome = kernel.execute(code, patience.AGES)
        assert (outcome.status, outcome.reason) == ("dead", reason)


@pytest.mark.parametrize("pause", [0.02, *map(soak.later, (0, 0.05))])
def test_what_is_printed_comes_before_the_kernel_says_that_it_is_done(pause):
    """The stream of a kernel is sent by a thread of its own, which is at work just then."""
    code = f"print('x' * 2**22); import time; time.sleep({pause})"
    lived = 0
    for _ in range(3):
        with Kernel() as kernel:
            assert kernel.execute(code, patience.AGES).status == "flood"
            # Now and then the reply is on its way when the interrupt comes, and is lost with it:
            # the kernel is closed like one that does not heed interrupts.
            if kernel.process is not None:
                assert works(kernel, "1 + 1")[0]
                lived += 1
    assert lived


HELD = """
import os
held = []
for number in os.listdir("/proc/self/fd"):
    try:
        held.append(os.readlink(f"/proc/self/fd/{number}"))
    except OSError:
        pass
outside = [name for name in held if name.startswith("/")]
assert not [name for name in outside if not name.startswith(("/dev/", "/proc/"))], held
try:
    environment = open("/proc/1/environ").read()
except PermissionError:
    environment = ""
assert "COURSE_SECRET" not in environment + str(os.environ)
"""


def test_a_confined_process_holds_no_descriptor_and_no_environment_of_the_grader():
    code = (
        "from autograder.kernels import Kernel\n"
        f"with Kernel() as kernel: outcome = kernel.execute({HELD!r}, {patience.AGES})\n"
        "print(outcome); assert outcome.status == 'ok'"
    )
    environment = os.environ | {"COURSE_SECRET": "hush"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def test_kernels_end_with_the_grader_that_asked_for_them():
    code = (
        "import os, sys; from autograder.kernels import Kernel; kernel = Kernel().__enter__(); "
        "print(kernel.process.pid, kernel.folder, flush=True); os._exit(0)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    while Path(f"/proc/{said[0]}").exists():
        time.sleep(0.1)
    subprocess.run(["rm", "-rf", said[1]], check=True)


@pytest.mark.skipif("'view' not in kernels.choose().layers", reason="there is no view here")
def test_the_kit_cannot_be_read_where_it_lies_among_the_packages(tmp_path):
    """Installed without `-e` it would lie beside NumPy: the references would be an import away."""
    kit = Path(autograder.__file__).parent
    paths = [str(kit / "reference" / "densities.py"), str(kit.parent / "solutions")]
    code = "import os; assert [os.path.exists(path) for path in {!r}] == {!r}"
    for readable in ([], [kit.parent]):
        with Kernel(readable=readable) as kernel:
            done, text = works(kernel, code.format(paths, [False, bool(readable)]))
            assert done, text


def test_a_server_refuses_to_fork_once_tensorflow_has_run():
    code = (
        "import tensorflow as tf; tf.ones(1); from autograder.kernels import server; "
        "server.refuse_if_started()"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 1
    assert "its children would hang" in ended.stderr


def test_a_server_serves_its_own_user_alone(monkeypatch):
    here, there = socket.socketpair()
    with here, there:
        assert server.is_ours(here)
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        assert not server.is_ours(here)


def test_a_server_that_died_is_replaced():
    server = confinements.server()
    server.start()
    before = server.process.pid
    server.process.kill()
    server.process.wait()
    with Kernel() as kernel:
        assert works(kernel, "1 + 1")[0]
    assert server.process.pid != before


def test_what_students_do_works_inside():
    code = """
import threading, numpy as np, tensorflow as tf, keras, tensorflow_probability as tfp
import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.savefig("figure.png"); plt.show()
assert open("beside.txt").read() == "data"

@tf.function(jit_compile=True)
def compiled(x):
    return tf.reduce_sum(x**2)
assert float(compiled(tf.ones(4))) == 4

@tf.function
def loop(n):
    total = 0
    for i in tf.range(n):
        total += i
    return total
assert int(loop(5)) == 10

numbers = tf.data.Dataset.range(10).map(lambda x: x * 2, num_parallel_calls=2).prefetch(2)
assert sum(int(x) for x in numbers) == 90
found = []
threads = [threading.Thread(target=found.append, args=(n,)) for n in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
assert len(found) == 8

model = keras.Sequential([keras.layers.Dense(3, activation="relu"), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
x = np.random.rand(64, 4).astype("float32")
model.fit(x, x[:, :1], epochs=2, verbose=0)
model.save("model.keras"); keras.models.load_model("model.keras")
assert tfp.distributions.Normal(0., 1.).sample(3).shape == (3,)
import vikit
assert vikit.load().x_train.shape[1] == 64
"""
    from autograder.grading.run import student_half

    with tempfile.TemporaryDirectory() as folder:
        beside = Path(folder) / "beside.txt"
        beside.write_text("data")
        with Kernel([beside], readable=student_half()) as kernel:
            outcome = kernel.execute(code, patience.AGES)
            assert outcome.status == "ok", (outcome.error_name, outcome.error_text)


def growth(count):
    """Starts `count` kernels, every tenth a hostile one, and returns the growth of the server in
    KiB and descriptors.
    """
    server = confinements.server()
    server.start()
    used = lambda: (  # noqa: E731
        int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]) * 4,
        len(os.listdir(f"/proc/{server.process.pid}/fd")),
    )
    before = used()
    for number in range(count):
        with Kernel() as kernel:
            code = (
                "import os; os._exit(1)"
                if number % 10 == 9
                else "import tensorflow as tf; tf.ones(3) + 1"
            )
            assert kernel.execute(code, patience.AGES).status == (
                "dead" if number % 10 == 9 else "ok"
            )
    return [after - start for after, start in zip(used(), before, strict=True)]


@pytest.mark.soak
def test_many_kernels_leave_the_server_as_it_was():
    kib, descriptors = growth(30)
    assert kib < 4096
    assert descriptors == 0


CONFINED = "forbidden or alone or bounded or known or students_do"


@pytest.mark.skipif(os.geteuid() != 0, reason="this is an ordinary user already")
@pytest.mark.soak
def test_all_of_this_holds_for_an_ordinary_user():
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        __file__,
        "-k",
        CONFINED,
    ]
    environment = os.environ | {"HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(
        command,
        env=environment,
        cwd="/tmp",
        preexec_fn=become_ordinary,
        capture_output=True,
        text=True,
    )
    last = run.stdout.strip().splitlines()[-1]
    if "passed" not in last and "skipped" in last:
        pytest.skip("this machine gives ordinary users no namespaces")
    assert run.returncode == 0, run.stdout[-3000:]
    assert int(last.split(" passed")[0]) >= 25, last
    assert "skipped" not in last


def become_ordinary():
    """Becomes a user who owns nothing, in a private view of the files in which Python and the kit
    can be read.
    """
    linux.libc("unshare", linux.CLONE_NEWNS)
    linux.mount(None, "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    needed = dict.fromkeys(
        Path(path).resolve() for path in (sys.base_prefix, sys.prefix, Path(__file__).parents[1])
    )
    closed = {}
    for path in needed:
        for folder in path.parents:
            if not folder.stat().st_mode & 1:
                closed[path] = folder
    kept = {path: tempfile.mkdtemp() for path in closed}
    for path, folder in kept.items():
        linux.mount(path, folder, flags=linux.MS_BIND | linux.MS_REC)
    for folder in set(closed.values()):
        linux.mount("none", folder, "tmpfs", options="mode=755")
    for path, folder in kept.items():
        path.mkdir(parents=True, exist_ok=True)
        linux.mount(folder, path, flags=linux.MS_BIND | linux.MS_REC)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


@pytest.mark.soak
def test_1000_kernels_leave_the_server_as_it_was():
    kib, descriptors = growth(1000)
    assert kib < 4096
    assert descriptors == 0
