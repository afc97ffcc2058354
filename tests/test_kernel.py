"""The kernel: every request ends in time, and what it prints stays bounded."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import soak

from autograder.kernels import COLD, Kernel, choose
from autograder.kernels import kernel as kernels
from autograder.kernels.exchange import resident
from autograder.kernels.kernel import CUT_OFF

pytestmark = pytest.mark.kernels
# Seconds for what takes hardly any: a machine with much else to do takes its time. What does not
# end at all is not waited for: an outcome other than "timeout" says that it came before.
ENOUGH = 300


@pytest.fixture(scope="module", params=["best", "cold"])
def kernel(request):
    with Kernel(confinement=choose() if request.param == "best" else COLD) as kernel:
        yield kernel


def test_code_runs_and_keeps_its_names(kernel):
    assert kernel.execute("a = 1", ENOUGH).status == "ok"
    assert kernel.execute("assert a == 1", ENOUGH).status == "ok"


def test_an_error_says_which(kernel):
    outcome = kernel.execute("1 / 0", ENOUGH)
    assert (outcome.status, outcome.error_name, outcome.error_text) == (
        "error",
        "ZeroDivisionError",
        "division by zero",
    )


def test_a_loop_is_interrupted_and_the_kernel_goes_on(kernel, monkeypatch, stuck):
    monkeypatch.setattr(kernels, "GRACE_SECONDS", ENOUGH)
    kernel.execute("before = 5", ENOUGH)
    outcome = kernel.execute(f"{stuck}\nwhile True: pass", ENOUGH)
    assert outcome.status == "timeout"
    assert kernel.execute("assert before == 5", ENOUGH).status == "ok"


def test_a_flood_is_stopped():
    """A kernel whose messages still wait to be read may miss its grace and be killed: either is
    fine.
    """
    with Kernel() as kernel:
        outcome = kernel.execute("while True: print('x' * 10000)", ENOUGH, max_bytes=10**6)
        assert outcome.status == "flood"
        assert kernel.client is None or kernel.execute("1 + 1", ENOUGH).status == "ok"


@pytest.mark.parametrize(
    "code",
    ["print('x' * 10**8)", "while True: print('x')", "import sys\nsys.stderr.write('é' * 10**7)"],
)
def test_a_flood_in_large_and_small_pieces_is_one(code):
    with Kernel() as kernel:
        assert kernel.execute(code, ENOUGH).status == "flood"
        assert kernel.client is None or kernel.execute("1 + 1", ENOUGH).status == "ok"


def test_what_is_printed_arrives_in_order_and_is_counted():
    with Kernel() as kernel:
        exact = "print('a' * 300_000, end='')\nprint('b' * 300_000, end='')\nprint('c', end='')"
        assert kernel.execute(exact, ENOUGH, max_bytes=610_000).status == "ok"
        assert kernel.execute(exact, ENOUGH, max_bytes=599_000).status == "flood"


# Writes to the connections themselves, beside ZeroMQ: parts of one message that never ends.
PARTS = """
import os, struct, threading, time
time.sleep(1)
part = b'\\x03' + struct.pack('>Q', 2**20) + bytes(2**20)
def write(descriptor):
    left = b''
    while True:
        left = left or part
        try:
            left = left[os.write(descriptor, left):]
        except BlockingIOError:
            pass
        except OSError:
            return
for descriptor in range(3, 100):
    threading.Thread(target=write, args=(descriptor,), daemon=True).start()
"""


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(
            "get_ipython().kernel.iopub_thread.schedule(lambda: "
            "get_ipython().kernel.iopub_socket.send(b'x' * 2**25))",
            id="message",
        ),
        soak.later(
            "from IPython.display import display\ndisplay({'text/plain': 'y' * 2**25}, raw=True)",
            id="display",
        ),
        pytest.param("get_ipython().kernel.shell_stream.socket.close(0)", id="closed"),
        soak.later(PARTS, id="parts"),
    ],
)
def test_a_process_that_cuts_itself_off_is_noticed(code):
    """Without a look at the connection the grader would wait until the time is up; without one at
    itself it would fill up.
    """
    before = resident()
    with Kernel() as kernel:
        outcome = kernel.execute(code + "\nimport time; time.sleep(10**6)", ENOUGH)
        # Other bytes of the kernel's may end a message whose parts come beside them:
        # then it is one that is too long.
        assert (outcome.status, outcome.reason) == ("dead", CUT_OFF) or (
            code == PARTS and outcome.status == "flood"
        )
    assert resident() - before < 2**30


def test_a_kernel_that_is_closed_while_it_is_left_to_end_has_an_outcome(monkeypatch):
    monkeypatch.setattr(Kernel, "rest", lambda kernel, seconds: kernel.close() or True)
    with Kernel() as kernel:
        outcome = kernel.execute(
            "get_ipython().kernel.shell_stream.socket.close(0)\nwhile True: pass", ENOUGH
        )
    assert (outcome.status, outcome.reason) == ("dead", CUT_OFF)


def test_the_working_folder_is_scratch(kernel):
    code = (
        "import os, pathlib; pathlib.Path('note').write_text('x'); folder = os.getcwd(); "
        "home = os.environ['HOME']"
    )
    assert kernel.execute(code, ENOUGH).status == "ok"
    place = "/tmp" if kernel.confinement.complete else str(kernel.folder)
    assert (kernel.work / "note").is_file() == (not kernel.confinement.complete)
    assert (
        kernel.execute(
            f"assert folder == {place!r} + '/work' and home.startswith({place!r})", ENOUGH
        ).status
        == "ok"
    )


def test_the_graders_environment_is_not_handed_on(monkeypatch):
    monkeypatch.setenv("COURSE_SECRET", "hush")
    with Kernel() as kernel:
        assert (
            kernel.execute("import os; assert 'COURSE_SECRET' not in os.environ", ENOUGH).status
            == "ok"
        )


def test_code_that_ignores_interrupts_is_killed(stuck):
    with Kernel() as kernel:
        code = (
            f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{stuck}\nwhile True: "
            "pass"
        )
        outcome = kernel.execute(code, ENOUGH)
        assert outcome.status == "timeout"
        assert kernel.client is None


@pytest.mark.parametrize(
    "code",
    ["import os; os._exit(3)", "import ctypes; ctypes.string_at(0)", "import os; os.abort()"],
)
def test_a_death_is_noticed_at_once(code):
    with Kernel() as kernel:
        assert kernel.execute(code, ENOUGH).status == "dead"


def test_nothing_is_left_behind():
    """A cold kernel may start programs; a confined one may not."""
    with Kernel(confinement=COLD) as kernel:
        kernel.execute(
            "import subprocess; child = subprocess.Popen(['sleep', '100000']); print(child.pid)",
            ENOUGH,
        )
        kernel.execute("from pathlib import Path; Path('pid').write_text(str(child.pid))", ENOUGH)
        child, folder = int((kernel.work / "pid").read_text()), kernel.folder
    assert not folder.exists()
    for _ in range(10 * ENOUGH):
        if subprocess.run(["ps", "-p", str(child)], capture_output=True).returncode:
            return
        time.sleep(0.1)
    pytest.fail("a process that the notebook started still runs")


def test_it_knows_nothing_of_the_kit():
    """`kernels` imports nothing of the kit, so that it can stand between students and the rest."""
    code = (
        "import sys, autograder.kernels; own = tuple(f'autograder.{name}' for name in ('kernels', "
        "'version', 'places')); kit = [name for name in sys.modules if name.split('.')[0] in "
        "('vikit', 'solutions') or name.startswith('autograder.') and not name.startswith(own)]; "
        "assert not kit, kit"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)
