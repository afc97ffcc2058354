"""Notebooks with classes graded for real: what a model does wrong costs what it breaks, is said
clearly, and nothing else.
"""

import nbformat
import pytest
import soak

from autograder import tasks
from autograder.build import notebooks, sample, script
from autograder.grading.verdict import grade

pytestmark = pytest.mark.kernels
A03, A05, A06 = "a03_vae", "a05_vib", "a06_flows"
SECRET = b"secret of the tests"
SOLUTIONS = {
    name: {
        cell.question: script.remove_markers(cell.source)
        for cell in script.read(script.SOLUTIONS / f"{name}.py")
        if cell.kind == "answer"
    }
    for name in (A03, A05, A06)
}


@pytest.fixture
def graded(tmp_path):
    """Returns a function that grades a solution with other answers: {question: (old, new), the
    whole, or None}.
    """

    def run(edits, name=A03):
        answers = dict(SOLUTIONS[name])
        for question, edit in edits.items():
            whole = edit is None or isinstance(edit, str)
            assert whole or edit[0] in answers[question]
            answers[question] = (edit or "pass") if whole else answers[question].replace(*edit)
        notebook = nbformat.reads(
            (notebooks.ASSIGNMENTS / name / f"{name}.ipynb").read_text("utf-8"), as_version=4
        )
        sample.fill_in(notebook, answers)
        path = tmp_path / f"{name}.ipynb"
        path.write_text(nbformat.writes(notebook), encoding="utf-8")
        verdict = grade(name, path, secret=SECRET, unsafe=True)
        return {question["name"]: question for question in verdict["questions"]}

    return run


def points(found, *names):
    """Returns (score, points) of all questions but those of `names`."""
    others = [question for name, question in found.items() if name not in names]
    return sum(question["score"] for question in others), sum(
        question["max_score"] for question in others
    )


@pytest.mark.parametrize(("name", "total"), [(A03, 68), soak.later(A05, 75), soak.later(A06, 73)])
def test_the_solution_has_full_marks(graded, name, total):
    found = graded({}, name)
    assert points(found) == (total, total), found
    assert set(found) == {question.name for question in tasks.load(name).questions}


CALL = "return self.decoder(z)\n"


@pytest.mark.parametrize(
    ("edit", "status", "said"),
    [
        soak.later(
            (CALL, "__import__('os')._exit(1)\n"), "partial", "ended the whole Python process"
        ),
        (
            ("self.encoder = Encoder(", "raise TypeError('no')\n        self.encoder = Encoder("),
            "error",
            "TypeError",
        ),
        pytest.param(
            *(
                ("return -reconstruction - kl", "return tf.reduce_mean(-reconstruction - kl)"),
                "partial",
                "shape",
            ),
            marks=pytest.mark.soak,
        ),
        soak.later(
            ("self.decoder = Decoder(", "self.net = self.dekoder = Decoder("),
            "error",
            "AttributeError",
        ),
        pytest.param(
            (CALL, "return 'an image'\n"), "partial", "expected one array", marks=pytest.mark.soak
        ),
        soak.later(None, "missing", "defines `VAE`"),
    ],
    ids=["ends the process", "cannot be made", "another shape", "no decoder", "a text", "no class"],
)
def test_a_broken_model_costs_what_it_breaks_and_no_other_question(graded, edit, status, said):
    found = graded({"VAE": edit})
    assert points(found, "VAE") == (40, 40), found
    assert (found["VAE"]["status"], found["VAE"]["score"] < 28) == (status, True), found["VAE"]
    assert said in found["VAE"]["message"], found["VAE"]["message"]


def test_a_model_that_never_answers_is_stopped_and_the_rest_is_graded(graded, stuck):
    found = graded({"VAE": (CALL, f"{stuck}\n        while True:\n            pass\n")})
    assert points(found, "VAE") == (40, 40), found
    assert found["VAE"]["score"] < 28
    assert "not done in time" in found["VAE"]["message"], found["VAE"]["message"]


WITHOUT_WEIGHTS = """
class Encoder(keras.layers.Layer):
    def __init__(self, latent_dim, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.latent_dim = latent_dim

    def call(self, x):
        matrix = np.random.default_rng(0).normal(size=(x.shape[-1], 2 * self.latent_dim))
        return tuple(tf.split(x @ matrix.astype("float32"), 2, axis=-1))
"""
HEADS = "return self.to_mu(h), self.to_log_var(h)"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        soak.later(WITHOUT_WEIGHTS, "no trainable weights that Keras knows"),
        soak.later(
            (HEADS, "return tf.transpose(self.to_mu(h)), self.to_log_var(h)"),
            "[4,5] came back, expected [5,4]",
        ),
        soak.later(
            (HEADS, "return self.to_mu(h)"), "One array came back, expected a tuple of 2 arrays"
        ),
    ],
    ids=["no weights", "a transposed output", "one output"],
)
def test_a_broken_network_costs_no_function(graded, edit, said):
    found = graded({"Encoder": edit})
    assert points(found, "Encoder", "VAE") == (34, 34), found
    assert found["Encoder"]["score"] < 6
    assert said in found["Encoder"]["message"], found["Encoder"]["message"]


PREDICT = "z = sample_latent(mu, log_var, eps)\n        return vib_predict_probs(self.decoder(z))"


@pytest.mark.parametrize(
    ("edit", "score", "mistake", "said"),
    [
        soak.later(
            (PREDICT, PREDICT.replace("eps)", "eps[:1])")),
            12,
            "prediction_from_one_sample",
            "Average over all L",
        ),
        soak.later(
            (PREDICT, "__import__('os')._exit(1)"), 7, None, "ended the whole Python process"
        ),
        (
            ("self.encoder = Encoder(", "raise TypeError('no')\n        self.encoder = Encoder("),
            0,
            None,
            "TypeError",
        ),
        (None, 0, None, "defines `VIB`"),
    ],
    ids=["one sample", "ends the process", "cannot be made", "no class"],
)
def test_a_broken_classifier_costs_what_it_breaks_and_no_other_question(
    graded, edit, score, mistake, said
):
    found = graded({"VIB": edit}, A05)
    assert points(found, "VIB") == (55, 55), found
    assert (found["VIB"]["score"], found["VIB"]["mistake"]) == (score, mistake), found["VIB"]
    assert said in found["VIB"]["message"], found["VIB"]["message"]


@pytest.mark.soak
def test_a_wrong_function_costs_the_model_nothing(graded):
    """The model is examined against the reference: a wrong `vib_loss` costs itself alone."""
    old = "return cross_entropy + beta * vib_rate"
    found = graded({"vib_loss": (old, "return cross_entropy + vib_rate")}, A05)
    assert (found["vib_loss"]["mistake"], found["vib_loss"]["score"]) == ("vib_beta_missing", 0)
    assert points(found, "vib_loss") == (59, 59), found["VIB"]["message"]
