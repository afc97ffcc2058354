"""The processes that grade: what one of them does, or what is done to it, costs the others
nothing.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import grader_work as work
import patience
import pytest

from autograder import kernels
from autograder.grading.graders import Graders
from autograder.kernels import confinement

PROGRAMS = Path(__file__).parent / "programs"
pytestmark = pytest.mark.kernels


@pytest.fixture
def temporary():
    """A short path for temporary files: that of a Unix socket has 107 characters at most."""
    folder = Path(tempfile.mkdtemp(prefix="vd-"))
    yield folder
    shutil.rmtree(folder)


def test_a_process_that_dies_costs_only_the_item_that_killed_it(tmp_path):
    items = ["a", "killed", "b", "killer", "c", "wrong", *"defghi"]
    with Graders(2, kernels.COLD) as graders:
        found = {
            item: (result, type(error).__name__)
            for item, result, error in graders.each(work.die, items, tmp_path)
        }
        assert graders.call(work.die, "z", tmp_path) == "Z"
    assert found.pop("killer") == (None, "GraderError")
    assert found.pop("wrong") == (None, "ValueError")
    assert found == {item: (item.upper(), "NoneType") for item in ("killed", *"abcdefghi")}
    assert int((tmp_path / "killer").read_text()) <= 3


def test_a_pool_that_is_broken_before_anything_was_asked_is_renewed(tmp_path):
    with Graders(2, kernels.COLD) as graders:
        graders.call(work.alarm)
        graders._kill()
        while not graders.pool._broken:
            time.sleep(0.05)
        found = {item: result for item, result, _ in graders.each(work.die, list("abcd"), tmp_path)}
    assert found == {item: item.upper() for item in "abcd"}


def test_a_process_that_hangs_is_ended():
    """The alarm is set far off while a process is at an item, and at no other time; where it goes
    off the process ends.
    """
    with Graders(1, kernels.COLD, patience=10**6) as graders:
        assert 0 < graders.call(work.alarm) <= 10**6
        assert graders.pool.submit(work.alarm).result() == 0
        found = {
            item: type(error).__name__
            for item, _, error in graders.each(work.hang, ["a", "hangs", "b"])
        }
        assert found == {"a": "NoneType", "hangs": "GraderError", "b": "NoneType"}
        graders.patience = None
        assert graders.call(work.alarm) == 0


def test_the_process_that_graders_come_from_has_run_nothing():
    with Graders(1, kernels.COLD) as graders:
        assert not graders.call(work.started)
        assert graders.call(work.run_an_operation) == 3
        assert graders.call(work.started)


@pytest.mark.soak
@pytest.mark.skipif("not kernels.choose().warm", reason="there is no fork server here")
def test_one_fork_server_serves_all_graders_and_is_replaced_where_it_has_died(tmp_path):
    with Graders(2, kernels.choose()) as graders:
        first = dict(graders.map(work.own_server, [tmp_path / "first"] * 2))
        assert len(first) == 2
        assert set(first.values()) == {confinement.server().process.pid}
        confinement.server().process.kill()
        confinement.server().process.wait()
        second = dict(graders.map(work.own_server, [tmp_path / "second"] * 2))
        assert not set(first.values()) & set(second.values())


KILLED = """
import sys, tempfile
from pathlib import Path
from autograder import kernels
from autograder.grading.graders import Graders
from grader_work import start_kernel

if __name__ == "__main__":
    graders = Graders(1, kernels.COLD if sys.argv[2] == "cold" else kernels.choose())
    graders.pool.submit(start_kernel, sys.argv[1]).result()
"""


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def left_over(kernel, grader, folder):
    return [pid for pid in (kernel, grader) if alive(pid)] + [folder] * Path(folder).exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
@pytest.mark.soak
@pytest.mark.parametrize("how", ["warm", "cold"])
def test_a_grader_that_is_killed_leaves_no_process_and_no_folder(tmp_path, temporary, how):
    (tmp_path / "killed.py").write_text(KILLED)
    environment = os.environ | {"PYTHONPATH": str(PROGRAMS), "TMPDIR": str(temporary)}
    process = subprocess.Popen(
        [sys.executable, tmp_path / "killed.py", tmp_path, how], env=environment
    )
    said = tmp_path / "kernel"
    while not (said.exists() and said.read_text()):
        assert process.poll() is None
        time.sleep(0.1)
    kernel, grader, folder = said.read_text().split()
    assert left_over(kernel, grader, folder) == [kernel, grader, folder]
    process.kill()
    process.wait()
    deadline = time.monotonic() + patience.AGES
    while left_over(kernel, grader, folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left_over(kernel, grader, folder)
    assert not list(temporary.iterdir())
