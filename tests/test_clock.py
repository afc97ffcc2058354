"""The clock of a kernel: what else the machine does makes no limit shorter, and a load of its own
gains a notebook little.
"""

import contextlib
import os
import subprocess
import sys

import pytest

from autograder.kernels import Kernel, clock
from autograder.kernels.clock import SLOWEST, Clock, read_threads

ENOUGH = 300
SECOND = 10**9


class Machine:
    """A process whose threads are told how long they ran and waited, and a wall whose time is told
    as well.
    """

    def __init__(self, monkeypatch):
        self.now, self.threads = 100.0, {"1": (0, 0)}
        monkeypatch.setattr(clock.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(clock, "read_threads", lambda pid: dict(self.threads))

    def passes(self, seconds, **threads):
        """Lets time pass in which threads, by name, ran and waited for so many seconds."""
        self.now += seconds
        for name, (ran, waited) in threads.items():
            before = self.threads.get(name, (0, 0))
            self.threads[name] = before[0] + int(ran * SECOND), before[1] + int(waited * SECOND)


@pytest.fixture
def machine(monkeypatch):
    return Machine(monkeypatch)


@pytest.mark.parametrize(
    ("threads", "counted"),
    [
        ({"1": (10, 0)}, 10),
        ({"1": (3, 7)}, 3),
        # Sleep counts.
        ({"1": (0, 0)}, 10),
        ({"1": (1, 2)}, 8),
        # The main thread waits for one of a pool, which waits for a processor.
        ({"1": (0, 0), "2": (3, 7)}, 3),
        # Two threads side by side, held up by others.
        ({"1": (4, 6), "2": (4, 6)}, 8),
        # A hundred threads of its own: they run all the time, as two processors do,
        # and no longer than it took.
        ({str(number): (0.2, 9.8) for number in range(100)}, 10),
        # All of them wait, and hardly any runs.
        ({str(number): (0.001, 9.9) for number in range(100)}, 10 / SLOWEST),
    ],
)
def test_what_counts_of_ten_seconds(machine, threads, counted):
    kernel = Clock(1)
    kernel.seconds()
    machine.passes(10, **threads)
    assert kernel.seconds() == pytest.approx(counted)


def test_what_passed_before_the_first_look_counts_and_threads_may_end(machine):
    kernel = Clock(1)
    machine.passes(2, **{"1": (0.5, 1.5)})
    assert kernel.total() == pytest.approx(2)
    assert kernel.seconds() == pytest.approx(2)
    machine.passes(3, **{"2": (1, 2)})
    assert kernel.seconds() == pytest.approx(3)
    del machine.threads["2"]
    machine.passes(1)
    assert kernel.seconds() == pytest.approx(4) == kernel.total()


def test_where_nothing_is_known_all_time_counts(machine):
    kernel = Clock(None)
    machine.threads = {}
    machine.passes(2)
    assert kernel.seconds() == 2


def test_no_process_has_no_threads():
    assert read_threads(None) == read_threads(2**22 + 1) == {}


WORKS = """
import time
began = time.process_time()
while time.process_time() - began < 0.5: pass
"""


@pytest.fixture
def busy():
    """A processor, by its number, which three loops keep busy."""
    one = min(os.sched_getaffinity(0))
    loop = [sys.executable, "-S", "-c", "while True: pass"]
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            # Sessions of their own: some systems share processors among sessions.
            process = stack.enter_context(subprocess.Popen(loop, start_new_session=True))
            stack.callback(process.kill)
            os.sched_setaffinity(process.pid, {one})
        yield one


@pytest.fixture
def started():
    with Kernel() as kernel:
        yield kernel


@pytest.mark.soak
@pytest.mark.kernels
@pytest.mark.skipif(
    not read_threads(os.getpid()), reason="this system does not say how long a thread waited"
)
def test_code_that_waits_for_a_processor_is_not_late(started, busy):
    """Half a second of work takes two, beside three loops: what it waits does not count."""
    for pid in map(int, read_threads(started.process.pid)):
        # A thread may just have ended.
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(pid, {busy})
    began = started.age
    outcome = started.execute(WORKS, 1)
    assert outcome.status == "ok"
    assert started.age - began > 1.5 * outcome.seconds


@pytest.mark.kernels
def test_code_that_sleeps_is_late(started):
    assert started.execute("import time; time.sleep(60)", 1).status == "timeout"


@pytest.mark.kernels
def test_a_kernel_is_left_alone_for_a_while_or_until_it_ends():
    with Kernel() as kernel:
        assert not kernel.rest(0.2)
        kernel.execute("import os, threading; threading.Timer(0.3, os._exit, [0]).start()", ENOUGH)
        assert kernel.rest(ENOUGH)
