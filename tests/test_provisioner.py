"""Confined kernels by name: what nbclient, nbgrader and Jupyter start when a notebook asks for
them.
"""

import os
from pathlib import Path

import nbclient
import nbformat
import patience
import pytest
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpecManager

from autograder import kernels
from autograder.kernels import confinement, provisioner, warm

pytestmark = [
    pytest.mark.kernels,
    pytest.mark.skipif("not kernels.choose().layers", reason="kernels cannot be confined here"),
]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Returns a function that runs the cells of a notebook with nbclient in a confined kernel, and
    returns the notebook.
    """
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share" / "jupyter"))
    work = tmp_path / "work"
    work.mkdir()
    (work / "beside.txt").write_text("data")

    def run(*sources, readable=(), limits=None):
        provisioner.install(readable, prefix=tmp_path, limits=limits)
        assert provisioner.NAME in KernelSpecManager().find_kernel_specs()
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in sources]
        )
        client = nbclient.NotebookClient(
            notebook,
            kernel_name=provisioner.NAME,
            resources={"metadata": {"path": str(work)}},
            startup_timeout=patience.AGES,
            iopub_timeout=patience.AGES,
        )
        return client.execute()

    return run


def test_a_notebook_runs_confined_under_nbclient(run, tmp_path):
    outside = tmp_path / "secret.txt"
    outside.write_text("hush")
    notebook = run(
        "print(open('beside.txt').read())",
        f"import os; print(os.path.exists({str(outside)!r}), os.getpid())",
        "import tensorflow as tf; print(float(tf.reduce_sum(tf.ones(3))))",
    )
    assert [cell.outputs[0].text.strip() for cell in notebook.cells] == ["data", "False 1", "3.0"]


def test_figures_are_shown(run):
    notebook = run(
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()", "plt.plot([2, 1]);"
    )
    for cell in notebook.cells:
        (shown,) = [output for output in cell.outputs if output.output_type == "display_data"]
        assert shown.data["image/png"].startswith("iVBOR")


def test_it_may_read_what_the_kernelspec_names(run, tmp_path):
    named = tmp_path / "named.txt"
    named.write_text("shown")
    notebook = run(f"print(open({str(named)!r}).read())", readable=[named])
    assert notebook.cells[0].outputs[0].text.strip() == "shown"


def test_a_kernel_hears_that_nbgrader_runs_it_and_nothing_else_of_the_environment(run, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    monkeypatch.setenv("COURSE_SECRET", "hush")
    notebook = run(
        "import os; print(os.environ.get('NBGRADER_EXECUTION'), os.environ.get('COURSE_SECRET'))"
    )
    assert notebook.cells[0].outputs[0].text.strip() == "autograde None"


def test_limits_are_those_of_the_kernelspec(run, tmp_path):
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    notebook = run(code, limits=warm.Bounds(files=100))
    assert notebook.cells[0].outputs[0].text.strip() == "100"


def test_a_folder_larger_than_the_scratch_space_is_refused_and_says_so(run, tmp_path):
    (tmp_path / "work" / "large").write_bytes(bytes(3 * 2**20))
    with pytest.raises(RuntimeError, match=r"holds 3 MiB.*--limit scratch"):
        run("1", limits=warm.Bounds(scratch=2**20))


@pytest.mark.parametrize("layers", [warm.LAYERS, ("landlock", "seccomp")])
def test_pipes_and_sockets_in_the_folder_are_left_out(run, tmp_path, monkeypatch, layers):
    if "view" not in layers:
        monkeypatch.setattr(confinement, "choose", lambda: confinement.Confinement(True, layers))
    elif not kernels.choose().complete:
        pytest.skip("there is no view here")
    os.mkfifo(tmp_path / "work" / "pipe")
    (tmp_path / "work" / "dangling").symlink_to("nowhere")
    notebook = run("import os; print(*sorted(os.listdir()))")
    assert notebook.cells[0].outputs[-1].text.split() == ["beside.txt", "dangling"]


def test_an_error_and_a_death_are_those_of_nbclient(run):
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="ZeroDivisionError"):
        run("1 / 0")
    with pytest.raises(nbclient.exceptions.DeadKernelError):
        run("import os; os._exit(1)")


def test_a_cell_is_interrupted_and_the_kernel_goes_on(started):
    manager, client = started

    def interrupt(message):
        if "on its way" in message["content"].get("text", ""):
            manager.interrupt_kernel()

    code = "print('on its way', flush=True)\nwhile True: pass"
    reply = client.execute_interactive(code, timeout=patience.AGES, output_hook=interrupt)
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    assert client.execute_interactive("1 + 1", timeout=patience.AGES)["content"]["status"] == "ok"


def test_where_nothing_can_be_confined_it_says_so(run, monkeypatch):
    monkeypatch.setattr(provisioner.confinement, "choose", lambda: kernels.COLD)
    with pytest.raises(RuntimeError, match="choose the kernel python3 instead"):
        run("1 + 1")


@pytest.fixture
def started(run):
    """A kernel without a notebook: (its manager, its client)."""
    run("1")
    manager = KernelManager(kernel_name=provisioner.NAME)
    manager.start_kernel()
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=patience.AGES)
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_restart_keeps_the_address_that_clients_know(started):
    manager, client = started
    before = manager.ip
    client.execute_interactive("x = 1", timeout=patience.AGES)
    manager.restart_kernel(now=True)
    client.wait_for_ready(timeout=patience.AGES)
    assert manager.ip == before
    reply = client.execute_interactive("x", timeout=patience.AGES)
    assert reply["content"]["ename"] == "NameError"
    manager.shutdown_kernel(now=True)
    assert not Path(before).parent.parent.exists()


def test_without_a_view_the_folder_is_copied_and_stays_as_it_was(run, tmp_path, monkeypatch):
    monkeypatch.setattr(
        confinement, "choose", lambda: confinement.Confinement(True, ("landlock", "seccomp"))
    )
    notebook = run("open('beside.txt', 'a').write('!'); print(open('beside.txt').read())")
    assert notebook.cells[0].outputs[-1].text.strip() == "data!"
    assert (tmp_path / "work" / "beside.txt").read_text() == "data"
