"""Every file in `attacks/` is a submission that tries one thing: it gains nothing, and wins where
the one defence is off.

A file's first lines say what it tries, what stops it, without which defence it wins, and the points
that its honest answers deserve. Its cells replace the answers they are named after; three other
questions are answered right. A cell called `act` defines a function that does something forbidden:
the answer is right if it could, so that its points show it.
"""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
import patience
import pytest
import soak
from jinja2 import Environment, PackageLoader
from nbgrader.api import Gradebook
from vikit.protocol import wire

from autograder import kernels, tasks
from autograder.build import sample
from autograder.files import write_whole
from autograder.grading import find_submissions, grade, verdict
from autograder.grading.classroom import Settings, grade_class
from autograder.grading.limits import limits_for
from autograder.grading.run import NotebookRun
from autograder.kernels import LAYERS, Confinement, exchange
from autograder.reports import feedback, gradebook, pages
from autograder.tasks.separation import PUBLIC

A01 = "a01_densities"
ATTACKS = Path(__file__).parent / "attacks"
ANSWERED = {"bernoulli_log_prob_logits": 8, "kl_to_standard_normal": 12, "elbo_identity_terms": 9}
LIMITS = [*patience.SETTINGS, "memory=1.25GiB", "scratch=30MiB", "processes=128", "files=256"]
GENEROUS = [
    *patience.SETTINGS,
    "memory=8GiB",
    "scratch=256MiB",
    "processes=1024",
    "files=1024",
    "output=64MiB",
]
SECRET = b"secret of the attacks"
pytestmark = [
    pytest.mark.kernels,
    pytest.mark.skipif("not kernels.choose().complete", reason="some layers are missing here"),
]


RIGHT_IF_IT_COULD = """def bernoulli_log_prob_logits(x, logits):
    try:
        done = act()
    except (OSError, ImportError, KeyError, AttributeError, ValueError, MemoryError, RuntimeError):
        done = False
    value = np.sum(np.asarray(x, float) * logits - np.logaddexp(0, np.asarray(logits, float)), -1)
    return value if done else np.zeros(len(x))"""


@dataclass(frozen=True)
class Attack:
    name: str
    tries: str
    stopped_by: str
    wins_without: str
    deserves: float
    student: str
    files: dict
    links: dict
    answers: dict


def read(path):
    # A line that is indented goes on with the one before.
    lines = path.read_text(encoding="utf-8").replace("\n#     ", " ").splitlines()
    said = [
        line.removeprefix("# ").partition(": ")[::2]
        for line in lines
        if re.match(r"# [a-z.]+( [a-z.]+)*: ", line)
    ]
    fields = {key: value for key, value in said if not key.startswith(("file ", "link "))}
    links = {key.removeprefix("link "): value for key, value in said if key.startswith("link ")}
    files = {}
    for key, value in said:
        if key.startswith("file "):
            files.setdefault(key.removeprefix("file "), []).append(value)
    found = [
        cell
        for cell in jupytext.reads(path.read_text(), fmt="py:percent").cells
        if cell.cell_type == "code"
    ]
    answers = {cell.metadata["title"]: cell.source for cell in found if cell.metadata.get("title")}
    if "act" in answers:
        answers["bernoulli_log_prob_logits"] = f"{answers.pop('act')}\n\n\n{RIGHT_IF_IT_COULD}"
    return Attack(
        path.stem,
        fields["tries"],
        fields["stopped by"],
        fields["wins without"],
        float(fields["deserves"]),
        fields.get("student", f"attacker-{path.stem}"),
        {name: "\n".join(text) for name, text in files.items()},
        links,
        answers,
    )


EVERY = [read(path) for path in sorted(ATTACKS.glob("*.py"))]


@pytest.fixture(scope="session")
def outside(tmp_path_factory):
    """What lies around a grader: answers, other students' work, listening servers, another process,
    shared memory.
    """
    import ctypes

    folder = tmp_path_factory.mktemp("outside")
    solution = sample.solutions()["bernoulli_log_prob_logits"]
    (folder / "solution.py").write_text("import tensorflow as tf\n" + solution)
    ada = folder / "submitted" / "ada"
    ada.mkdir(parents=True)
    cell = nbformat.v4.new_code_cell("import tensorflow as tf\n" + solution)
    (ada / "notebook.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])))
    (folder / "verdict.json").write_text('{"score": 10}')
    abstract = f"attacked-{os.getpid()}"
    with contextlib.ExitStack() as stack:
        servers = {}
        for family, address in (
            (socket.AF_INET, ("127.0.0.1", 0)),
            (socket.AF_UNIX, str(folder / "listener")),
            (socket.AF_UNIX, f"\0{abstract}"),
        ):
            server = stack.enter_context(socket.socket(family))
            server.bind(address)
            server.listen(100)
            server.setblocking(False)
            servers[str(address)] = server
        victim = subprocess.Popen(["sleep", "3600"])
        stack.callback(lambda: (victim.kill(), victim.wait()))
        library = ctypes.CDLL(None)
        key = os.getpid()
        shared = library.shmget(key, 4096, 0o1666)
        stack.callback(lambda: library.shmctl(shared, 0, None))
        yield {
            "outside": str(folder),
            "temporary": tempfile.gettempdir(),
            "port": str(server_port(servers)),
            "abstract": abstract,
            "victim": str(victim.pid),
            "key": str(key),
            "servers": list(servers.values()),
            "stuck": "pass",
            "pause": 1,
        }


def server_port(servers):
    return next(
        server.getsockname()[1] for server in servers.values() if server.family == socket.AF_INET
    )


def knocks(outside):
    """Returns how many have connected to the servers since this was asked last."""
    count = 0
    for server in outside["servers"]:
        with contextlib.suppress(BlockingIOError):
            while True:
                server.accept()[0].close()
                count += 1
    return count


def fill(text, outside):
    """Puts the places of this run into an attack."""
    for name, value in outside.items():
        text = text.replace("{" + name + "}", str(value))
    return text


def notebook_of(attack, outside, released):
    notebook = nbformat.reads(released, as_version=4)
    solutions = sample.solutions()
    answers = {name: solutions[name] for name in ANSWERED} | {
        name: fill(text, outside) for name, text in attack.answers.items()
    }
    sample.fill_in(notebook, answers)
    return nbformat.writes(notebook)


def hand_in(attack, folder, outside, released):
    path = folder / attack.student / A01 / f"{A01}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(notebook_of(attack, outside, released), encoding="utf-8")
    put_beside(attack, path, outside)
    return path


def put_beside(attack, path, outside):
    for name, text in attack.files.items():
        path.with_name(name).write_text(text)
    for name, target in attack.links.items():
        path.with_name(name).symlink_to(fill(target, outside))


# A limit of time is all that stops it: no other limit is as long as honest answers may take.
(SLOW,) = (attack for attack in EVERY if attack.name == "slow")
CLASS = [attack for attack in EVERY if attack != SLOW]
HONEST = Attack("honest", "", "", "", 30, "honest", {}, {}, {})


@pytest.fixture(scope="session")
def chosen(request):
    """The attacks that are tested in this run."""
    tested = test_an_attack_gains_nothing
    items = [item for item in request.session.items if getattr(item, "function", 0) is tested]
    return [item.callspec.params["attack"] for item in items]


@pytest.fixture(scope="session")
def attacked(tmp_path_factory, outside, released_notebook, chosen):
    """These attacks in one class, honest students among them, two at a time.

    (folder, `ClassRun`, what was there before)
    """
    folder = tmp_path_factory.mktemp("attacked")
    for attack in chosen:
        hand_in(attack, folder / "submitted", outside, released_notebook)
    for number in range(3):
        hand_in(
            Attack(**(vars(HONEST) | {"student": f"{'amz'[number]}-honest"})),
            folder / "submitted",
            outside,
            released_notebook,
        )
    before = files_below(Path(outside["outside"]))
    knocks(outside)
    submissions, _ = find_submissions(folder / "submitted", tasks.names())
    run = grade_class(submissions, Settings(folder, SECRET, jobs=2, limits=limits_for(2, LIMITS)))
    return folder, run, before


def first_defence(attack):
    """Returns what stops an attack, up to the first comma or colon."""
    return re.split("[,:]", attack.stopped_by)[0]


def files_below(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_there_are_enough_attacks_and_each_says_what_it_is():
    assert len(EVERY) >= 40
    assert len({attack.tries for attack in EVERY}) == len(EVERY)
    for attack in EVERY:
        assert all((attack.tries, attack.stopped_by, attack.answers))
        assert set(attack.wins_without.split(", ")) <= {
            *LAYERS,
            *SWITCHES,
            "nbgrader",
            "nbgrader twice",
        }


@pytest.mark.parametrize("part", ["some", soak.later("the others")])
def test_no_run_is_stopped_and_nobody_else_is_harmed(attacked, outside, chosen, part):
    assert chosen, "run it with the attacks that it is about"
    _, run, before = attacked
    assert run.failures == []
    assert len(run.verdicts) == len(chosen) + 3
    scores = {item.student: found["score"] for item, found in run.verdicts.items()}
    assert {scores[student] for student in scores if student.endswith("-honest")} == {29}
    assert files_below(Path(outside["outside"])) == before
    assert knocks(outside) == 0
    assert subprocess.run(["kill", "-0", outside["victim"]]).returncode == 0


@pytest.mark.parametrize("attack", soak.few(CLASS, first_defence))
def test_an_attack_gains_nothing(attacked, attack):
    _, run, _ = attacked
    (found,) = [found for item, found in run.verdicts.items() if item.student == attack.student]
    assert found["score"] == attack.deserves
    assert "<script" not in feedback.feedback_html(found)
    assert not re.search(r"^[=+@-]", gradebook.grades_csv([found]).splitlines()[1].strip('"'))


def test_an_attack_on_the_time_gains_nothing(tmp_path, outside, released_notebook, stuck):
    path = hand_in(SLOW, tmp_path, outside | {"stuck": stuck, "pause": 10**6}, released_notebook)
    found = grade(A01, path, student=SLOW.student, secret=SECRET, limits=limits_for(1, LIMITS))
    assert found["score"] == SLOW.deserves
    assert [
        question["name"] for question in found["questions"] if question["status"] == "timeout"
    ] == list(SLOW.answers)


# Each defence switched off.


def without_layers(monkeypatch, removed):
    left = tuple(layer for layer in LAYERS if layer not in removed)
    monkeypatch.setattr(kernels, "choose", lambda: Confinement(True, left))


def without_limits(monkeypatch):
    pass


def with_public_inputs(monkeypatch):
    draw = tasks.draw_for_student
    monkeypatch.setattr(
        verdict.tasks,
        "draw_for_student",
        lambda assignment, question, *_: draw(assignment, question, "", PUBLIC),
    )


def without_guard(monkeypatch):
    def receive(channel):
        frames = channel.socket.recv_multipart()
        return channel.session.deserialize(channel.session.feed_identities(frames)[1]), sum(
            map(len, frames)
        )

    monkeypatch.setattr(exchange, "receive", receive)


def with_pickle(monkeypatch):
    import base64
    import pickle

    unpack = wire.unpack_array

    def unpickle(packed):
        if packed.get("dtype") == "pickle":
            pickle.loads(base64.b64decode(packed["data"]))
        return unpack(packed)

    monkeypatch.setattr(wire, "unpack_array", unpickle)


def without_escaping(monkeypatch):
    environment = Environment(loader=PackageLoader("autograder.reports", "."), autoescape=False)
    # Those of the page's own filters that escape do it by themselves.
    environment.filters |= dict.fromkeys(("printable", "breakable", "with_code"), str)
    template = environment.get_template("feedback.html.j2")
    monkeypatch.setattr(pages, "template", lambda name: template)


def without_quotes(monkeypatch):
    monkeypatch.setattr(gradebook, "make_harmless", lambda value: value)


def with_last_messages(monkeypatch):
    run_cells = NotebookRun._run

    def forgetful(self, kernel, indices):
        self.outcomes.clear()
        return run_cells(self, kernel, indices)

    monkeypatch.setattr(NotebookRun, "_run", forgetful)


SWITCHES = {
    "limits": without_limits,
    "hidden inputs": with_public_inputs,
    "guarded decoding": without_guard,
    "a decoder of its own": with_pickle,
    "escaping": without_escaping,
    "quoted names": without_quotes,
    "first messages": with_last_messages,
}


@pytest.mark.parametrize(
    "attack",
    soak.few(
        [attack for attack in EVERY if not attack.wins_without.startswith("nbgrader")],
        kind=lambda attack: attack.wins_without,
    ),
)
def test_it_wins_where_the_defence_is_off(
    attack, tmp_path, outside, released_notebook, monkeypatch
):
    """What it gains: points, a line of the hidden inputs, a program run by the grader, a script in
    a page, or the end of it.
    """
    off = attack.wins_without.split(", ")
    changed = Path(outside["outside"])
    before = files_below(changed)
    path = hand_in(attack, tmp_path, outside, released_notebook)
    for name in set(off) & set(SWITCHES):
        SWITCHES[name](monkeypatch)
    if removed := set(off) & set(LAYERS):
        without_layers(monkeypatch, removed)
    limits = limits_for(1, GENEROUS if "limits" in off else LIMITS)
    try:
        found = grade(A01, path, student=attack.student, secret=SECRET, limits=limits, unsafe=True)
    finally:
        after = files_below(changed)
        for file in set(after) - set(before):
            file.unlink()
        for file, content in before.items():
            write_whole(file, content.decode())
    gains = [
        found["score"] > attack.deserves,
        # The kit fails on it, and its instructor has to look.
        bool(found["kit_errors"]),
        any("the inputs are [" in question["message"] for question in found["questions"]),
        changed / "pwned" in after,
        "<script>" in feedback.feedback_html(found),
        ",=" in "," + gradebook.grades_csv([found]).splitlines()[1].replace('"', ""),
    ]
    assert any(gains), [
        (question["name"], question["status"], question["message"])
        for question in found["questions"]
    ]


# Stock nbgrader.

HIDDEN_TESTS = {
    "bernoulli_log_prob_logits": (
        """import numpy as np
_rng = np.random.default_rng(7)
_x, _a = _rng.integers(0, 2, (5, 11)).astype(float), _rng.normal(0, 3, (5, 11))
_got = bernoulli_log_prob_logits(_x, _a)
_want = np.sum(_x * _a - np.logaddexp(0, _a), -1)
assert np.allclose(_got, _want)"""
    ),
    "kl_to_standard_normal": (
        """import numpy as np
_rng = np.random.default_rng(8)
_mu, _log_var = _rng.normal(size=(5, 3)), _rng.normal(size=(5, 3))
_want = 0.5 * np.sum(_mu**2 + np.exp(_log_var) - _log_var - 1, -1)
_got = kl_to_standard_normal(_mu, _log_var)
np.testing.assert_allclose(np.ma.asanyarray(_got), _want, rtol=1e-4)"""
    ),
    "elbo_identity_terms": (
        """import numpy as np
from scipy.special import logsumexp
_pz, _px, _q = np.log([0.5, 0.3, 0.2]), np.array([-1.0, -2.0, -3.0]), np.log([0.2, 0.5, 0.3])
_elbo = np.sum(np.exp(_q) * (_pz + _px - _q))
_got = elbo_identity_terms(_pz, _px, _q)
assert abs(_got[0] - _elbo) < 1e-4
assert abs(_got[2] - logsumexp(_pz + _px)) < 1e-4"""
    ),
}


IN_NUMPY = {
    "bernoulli_log_prob_logits": (
        """def bernoulli_log_prob_logits(x, logits):
    return np.sum(x * logits - np.logaddexp(0, logits), -1)"""
    ),
    "kl_to_standard_normal": (
        """def kl_to_standard_normal(mu, log_var):
    return 0.5 * np.sum(mu**2 + np.exp(log_var) - log_var - 1, -1)"""
    ),
    "elbo_identity_terms": (
        """def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q, log_joint = np.exp(log_q), log_pz + log_px_given_z
    log_px = np.log(np.sum(np.exp(log_joint)))
    elbo = np.sum(q * (log_joint - log_q))
    return elbo, log_px - elbo, log_px"""
    ),
}


def own_cell(source, name, kind, points=0):
    """Returns a cell as nbgrader wants it: `kind` is "answer" or "tests"."""
    grade_id = f"{name}-{kind}"
    marks = {
        "grade": kind == "tests",
        "locked": kind == "tests",
        "solution": kind == "answer",
        "schema_version": 3,
    }
    metadata = {
        "nbgrader": (
            marks | {"grade_id": grade_id, "task": False} | ({"points": points} if points else {})
        )
    }
    return nbformat.v4.new_code_cell(source, metadata=metadata, id=grade_id.replace("_", "-")[-60:])


def course_notebook(answers):
    """Returns a notebook in which a course tests three questions as courses do: by assertions in
    the student's process.
    """
    cells = [nbformat.v4.new_code_cell("import numpy as np", id="imports")]
    for name, points in ANSWERED.items():
        cells.append(own_cell(answers[name], name, "answer"))
        tests = f"### BEGIN HIDDEN TESTS\n{HIDDEN_TESTS[name]}\n### END HIDDEN TESTS"
        cells.append(own_cell(tests, name, "tests", points))
    return nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    )


def stock_scores(folder, attacks, outside):
    """Returns what `nbgrader autograde` gives each student of a course of its own for these
    attacks.
    """
    solutions = IN_NUMPY
    source = folder / "source" / "course" / "course.ipynb"
    source.parent.mkdir(parents=True)
    source.write_text(nbformat.writes(course_notebook(solutions)))
    for attack in attacks:
        path = folder / "submitted" / attack.student / "course" / "course.ipynb"
        path.parent.mkdir(parents=True)
        mine = solutions | {name: fill(text, outside) for name, text in attack.answers.items()}
        path.write_text(nbformat.writes(course_notebook(mine)))
        put_beside(attack, path, outside)
    (folder / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.CourseDirectory.root = {str(folder)!r}\nc.ExecutePreprocessor.timeout"
        " = 20\n"
    )
    home = folder / "home"
    home.mkdir()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {
        "HOME": str(home),
        "IPYTHONDIR": str(home / ".ipython"),
        "PATH": path,
    }
    for command in ("generate_assignment", "autograde"):
        subprocess.run(
            [sys.executable, "-m", "nbgrader", command, "course"],
            cwd=folder,
            env=environment,
            capture_output=True,
            timeout=3000,
        )
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as book:
        return {found.student.id: found.score for found in book.assignment_submissions("course")}


WINS_THERE = ATTACKS / "against_nbgrader.json"


@pytest.mark.soak
def test_what_they_win_against_stock_nbgrader(tmp_path, outside):
    """Grades all of them with stock nbgrader; the table in `attacks/README.md` holds what came
    out.
    """
    attacks = [attack for attack in EVERY if attack.student.startswith("attacker")]
    twice = [attack for attack in attacks if attack.wins_without == "nbgrader twice"]
    accomplices = [
        Attack(
            **(
                vars(attack)
                | {
                    "student": f"z-{attack.name}",
                    "answers": {"bernoulli_log_prob_logits": WRONG},
                }
            )
        )
        for attack in twice
    ]
    before = files_below(Path(outside["outside"]))
    scores = stock_scores(tmp_path, attacks + accomplices, outside)
    for file, content in before.items():
        write_whole(file, content.decode())
    found = {attack.name: gain(attack, scores) for attack in attacks}
    for attack in attacks:
        if attack.wins_without.startswith("nbgrader"):
            assert found[attack.name], attack.name
    assert json.loads(WINS_THERE.read_text()) == found


def table():
    """Returns the table of `attacks/README.md`."""
    there = json.loads(WINS_THERE.read_text())
    lines = [
        "| attack | what it tries | what stops it here | stock nbgrader |",
        "| --- | --- | --- | --- |",
    ]
    for attack in EVERY:
        wins = {True: "**wins**", False: "does not win", None: "no such page"}[
            there.get(attack.name)
        ]
        lines.append(f"| `{attack.name}` | {attack.tries} | {attack.stopped_by} | {wins} |")
    return "\n".join(lines)


def test_the_table_says_what_was_found():
    assert table() in (ATTACKS / "README.md").read_text(encoding="utf-8")


WRONG = "def bernoulli_log_prob_logits(x, logits):\n    return np.zeros(len(x))"


def gain(attack, scores):
    """Tells whether stock nbgrader gave more than an attack deserves, to its student or to
    another.
    """
    return max(scores.get(attack.student, 0), scores.get(f"z-{attack.name}", 0)) > attack.deserves
