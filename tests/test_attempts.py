"""The best of several attempts counts, after penalties; nothing of the others is lost."""

import pytest

from autograder import cli, tasks
from autograder.course import attempts, settings
from autograder.grading import find_submissions
from autograder.grading.classroom import Settings

A01 = "a01_densities"
KL, BERNOULLI = "kl_to_standard_normal", "bernoulli_log_prob_logits"
RIGHT_KL = (
    f"def {KL}(mu, log_var):\n    return 0.5 * tf.reduce_sum(mu**2 + tf.exp(log_var) - log_var - 1,"
    " axis=-1)"
)
RIGHT_BERNOULLI = (
    f"def {BERNOULLI}(x, logits):\n"
    "    return tf.reduce_sum(x * logits - tf.nn.softplus(logits), axis=-1)"
)
SECRET = b"secret of the tests"
pytestmark = pytest.mark.kernels


@pytest.fixture
def course(tmp_path, write_notebook):
    """Ann's second of three attempts is the best, Bob's last, Cy has one."""
    both, one, none = {KL: RIGHT_KL, BERNOULLI: RIGHT_BERNOULLI}, {KL: RIGHT_KL}, {}
    for student, tries in {"ann": [one, both, none], "bob": [none, one], "cy": [one]}.items():
        folder = tmp_path / "submitted" / student / A01
        for number, answers in enumerate(tries, 1):
            last = number == len(tries)
            name = f"{A01}.ipynb" if last else f".replaced/{A01}-{number}.ipynb"
            path = write_notebook(answers, path=folder / name)
            time = folder / "timestamp.txt" if last else path.with_suffix(".txt")
            # As collect writes it, and as people do.
            time.write_text(f"2026-10-0{number} 12:00{' UTC' if last else ':00 UTC'}\n")
    return tmp_path


def choose(course):
    submissions, _ = find_submissions(course / "submitted", tasks.names(), [A01])
    settings = Settings(course, SECRET, jobs=2, unsafe=True)
    changed, failures = attempts.choose_best(submissions, settings, lambda text: None)
    assert failures == []
    return {now.student: (before.score, now.score) for before, now in changed}


def contents(course, student):
    folder = course / "submitted" / student / A01
    return sorted(path.read_bytes() for path in folder.rglob("*.ipynb"))


def test_the_best_attempt_counts_and_the_others_stay(course, capsys, graders_here):
    before = {student: contents(course, student) for student in ("ann", "bob", "cy")}
    assert choose(course) == {"ann": (0.0, 20.0)}
    folder = course / "submitted" / "ann" / A01
    assert RIGHT_BERNOULLI.split("\n")[1].strip() in (folder / f"{A01}.ipynb").read_text()
    assert (folder / "timestamp.txt").read_text() == "2026-10-02 12:00:00 UTC\n"
    times = sorted(path.read_text() for path in (folder / ".replaced").glob("*.txt"))
    assert times == ["2026-10-01 12:00:00 UTC\n", "2026-10-03 12:00 UTC\n"]
    assert {student: contents(course, student) for student in before} == before
    # Once is enough, and the command says so.
    (course / "secret").write_bytes(SECRET)
    where = ("--submitted", str(course / "submitted"), "--out", str(course), "--unsafe")
    assert cli.main(["attempts", A01, *where]) == 0
    assert "0 have another attempt that counts" in capsys.readouterr().out


def test_what_is_late_may_be_worth_less(course, graders_here):
    (course / settings.CONFIG_NAME).write_text(
        "from autograder.course import configure\nc = get_config()\nconfigure(c, __file__)\n"
    )
    (course / "deadlines.csv").write_text(
        f"assignment,due,percent_per_day\n{A01},2026-10-01 18:00 UTC,60\n"
    )
    # The second is worth 20 - 60 %, the first 12.
    assert choose(course) == {"ann": (0.0, 12.0)}


def test_without_a_secret_there_is_nothing_to_compare_with(tmp_path, capsys):
    assert cli.main(["attempts", A01, "--out", str(tmp_path)]) == 2
    assert "run `make grade` first" in capsys.readouterr().err
