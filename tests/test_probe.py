"""The wire's verbs, in this process and through a kernel: functions, tuples, models, function
arguments.
"""

import contextlib
import json
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from vikit.judging import explain
from vikit.protocol import student_side, wire

from autograder.grading.notebook import Cell
from autograder.grading.probing import Student
from autograder.grading.run import NotebookRun
from autograder.reference import callables

NOTEBOOK = '''import warnings

import keras
import numpy as np
import tensorflow as tf


class Scale(keras.Model):
    """Predicts x * gain + shift; two trainable weights."""

    def __init__(self, size, start=1.0, name_of_it="scale"):
        super().__init__()
        constant = keras.initializers.Constant(start)
        self.gain = self.add_weight(shape=(size,), initializer=constant, name="gain")
        self.shift = self.add_weight(shape=(size,), initializer="zeros", name="shift")
        self.start = start
        self.label = name_of_it
        self.layer = keras.layers.Dense(2, kernel_initializer="ones", trainable=False)

    def build(self, shape):
        self.layer.build(shape)

    def call(self, x):
        return x * self.gain + self.shift

    def both(self, x):
        return self(x), tf.reduce_sum(self.gain)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return tf.reduce_mean((y_pred - y) ** 2)


def pathwise_gradient(mu, log_var, eps, grad_f):
    sigma = tf.exp(log_var / 2)
    g = grad_f(mu + sigma * eps)
    return tf.reduce_mean(g, 0), tf.reduce_mean(g * eps, 0) * sigma / 2


def log_joint_at(log_joint, z):
    return log_joint(z)


def doubled(x):
    return 2 * x


def squares(x):
    return tf.stop_gradient(x) ** 2


def through_numpy(x):
    return np.exp(x)


def fails(x):
    return tf.matmul(x, x)


def not_yet(x):
    raise NotImplementedError("write not_yet")


def odd(kind):
    return {
        "text": "a", "integers": np.arange(3), "nothing": None, "dict": {},
        "ragged": [[1.0], [1.0, 2.0]], "complex": 1j, "half": np.float16(1),
        "scalar": np.float32(3), "list": [1.0, 2.0],
    }[kind]


def model_sum(model, x):
    return tf.reduce_sum(model(x))


def touchy(x):
    """The sum of x and of the logarithms of what is positive in it.

    It minds every setting of the process.
    """
    warnings.warn("a warning")
    smallest = np.exp(np.float32(-95)) * np.float32(1e-5)
    logs = tf.where(x > 0, tf.math.log(x), 0.0)
    bounded = keras.losses.binary_crossentropy(tf.ones_like(x), tf.zeros_like(x)) - 16.118095
    logs += 0 * keras.random.normal((1, 1)) + bounded[:, None]
    total = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")(x)[:, 0]
    return total + tf.reduce_sum(logs, -1) + smallest


def trained(x):
    model = keras.Sequential([keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    return model.fit(x, 0 * x[:, :1], verbose=0).history["loss"]
'''


class Here:
    """Stands in for a kernel: the same verbs on the same code, in this process."""

    def __init__(self):
        names = {"__name__": "__main__"}
        exec(compile(NOTEBOOK, "notebook", "exec"), names)
        self.space = student_side.Namespace(names)

    def ask(self, requests, seconds):
        sent = [json.loads(json.dumps(request)) for request in requests]
        return [
            wire.unpack_reply(
                json.loads(json.dumps(student_side.answer_request(self.space, request)))
            )
            for request in sent
        ]


@pytest.fixture(scope="module", params=["this process", "a kernel"])
def student(request):
    if request.param == "this process":
        yield Student(Here(), 60)
    else:
        cell = Cell(NOTEBOOK, NOTEBOOK, frozenset())
        with NotebookRun([cell]) as run:
            yield Student(run, 60)


def only(reply):
    assert reply.status == "ok", reply
    (value,) = reply.values
    return value


def test_a_function_gets_float32_arrays_and_gives_them_back(student):
    x = np.array([[1.5, -2.0]], np.float32)
    got = only(student.call("doubled", [x]))
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, 2 * x)


def test_numbers_come_back_from_scalars_and_lists(student):
    assert only(student.call("odd", ["scalar"])).shape == ()
    assert only(student.call("odd", ["list"])).dtype == np.float64


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("text", "str"),
        ("nothing", "NoneType"),
        ("dict", "dict"),
        ("ragged", "list"),
        ("complex", "complex"),
        ("half", "float16"),
    ],
)
def test_what_is_no_array_of_numbers_is_malformed(student, kind, named):
    reply = student.call("odd", [kind])
    assert (reply.status, reply.kind) == ("malformed", named)


def test_integers_travel_with_their_type_and_are_judged_outside(student):
    assert only(student.call("odd", ["integers"])).dtype == np.int64


def test_a_function_that_is_not_there_or_not_written(student):
    assert student.call("nowhere").status == "missing"
    assert student.call("not_yet", [1.0]).status == "unanswered"


def test_numpy_inside_a_compiled_step_is_an_error_and_no_unwritten_answer(tmp_path):
    """TensorFlow's error is a NotImplementedError, and Keras lets it end at the student's line."""
    cell = tmp_path / "cell.py"
    cell.write_text(
        "import keras, numpy as np\n"
        "def scale(x):\n    return np.exp(x)\n"
        "class Model(keras.Model):\n    def call(self, x):\n        return scale(x)\n"
        "def train(x):\n    model = Model()\n    model.compile('sgd', 'mse')\n"
        "    model.fit(x, x, verbose=0)\n    return x\n",
        encoding="utf-8",
    )
    names = {"__name__": "__main__"}
    exec(compile(cell.read_text(encoding="utf-8"), str(cell), "exec"), names)
    request = wire.pack_request("call", "train", [np.ones((3, 2), np.float32)])
    reply = wire.unpack_reply(
        student_side.answer_request(student_side.Namespace(names), json.loads(json.dumps(request)))
    )
    assert (reply.status, reply.kind) == ("error", "NotImplementedError")
    assert any("tf or keras.ops" in advice for advice in explain.known_advice(reply.text))


def test_an_error_names_its_type_and_the_students_line(student):
    reply = student.call("fails", [np.ones(3, np.float32)])
    assert (reply.status, reply.kind) == ("error", "InvalidArgumentError")
    assert NOTEBOOK.splitlines()[reply.line - 1].strip() == "return tf.matmul(x, x)"
    assert "site-packages" not in reply.text
    assert "line" in reply.text


@pytest.mark.parametrize(("mu", "log_var"), [([0.3, -1.0], [0.2, -0.7])])
def test_a_function_argument_is_built_from_data(student, mu, log_var):
    generator = np.random.default_rng(0)
    mu, log_var = np.array(mu, np.float32), np.array(log_var, np.float32)
    A, c = (
        generator.normal(size=(2, 2)).astype(np.float32),
        generator.normal(size=2).astype(np.float32),
    )
    eps = generator.normal(size=(5, 2)).astype(np.float32)
    reply = student.call(
        "pathwise_gradient", [mu, log_var, eps, wire.BuiltArgument("affine", (A, c))], outputs=2
    )
    g = callables.affine(A.astype(float), c.astype(float))(mu + np.exp(log_var / 2.0) * eps)
    wanted = g.mean(0), (g * eps).mean(0) * np.exp(log_var / 2.0) / 2
    for got, want in zip(reply.values, wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5)


def test_the_log_joint_is_the_same_on_both_sides(student):
    numbers = tuple(np.float32(number) for number in (1.5, 0.2, 0.8, 1.0))
    z = np.linspace(-2, 2, 7, dtype=np.float32)
    got = only(
        student.call(
            "log_joint_at", [wire.BuiltArgument("linear_gaussian", numbers), wire.Tensor(z)]
        )
    )
    want = callables.linear_gaussian(*(float(number) for number in numbers))(z.astype(float))
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_an_object_stays_there_and_is_used_by_its_handle(student):
    model = student.call(
        "Scale", [3], {"start": 2.0, "name_of_it": "gain"}, outputs="handle"
    ).handle
    x = np.ones((4, 3), np.float32)
    np.testing.assert_array_equal(only(student.call(model.key, [x])), 2 * x)
    both = student.call(f"{model.key}.both", [wire.Tensor(x)], outputs=2).values
    assert [value.shape for value in both] == [(4, 3), ()]
    assert only(student.get(f"{model.key}.start")) == 2.0
    assert student.get(f"{model.key}.absent").status == "missing"
    layer = student.get(f"{model.key}.layer", outputs="handle").handle
    np.testing.assert_array_equal(only(student.call(layer.key, [x])), np.full((4, 2), 3.0))
    assert only(student.call("model_sum", [model, x])) == 24.0


def test_weights_move_when_set_and_when_trained(student):
    model = student.call("Scale", [3], outputs="handle").handle
    gain, shift = student.weights(model).values
    np.testing.assert_array_equal(gain, np.ones(3))
    assert student.set_weights(model, [gain + 1, shift - 1]).status == "ok"
    np.testing.assert_array_equal(student.weights(model).values[1], shift - 1)
    x = np.ones((8, 3), np.float32)
    reply = student.fit(model, [x, 5 * x], learning_rate=0.1, epochs=3, batch_size=4)
    assert reply.status == "ok", reply
    losses = reply.mapping["loss"]
    assert losses.shape == (3,)
    assert losses[-1] < losses[0]
    assert not np.array_equal(student.weights(model).values[0], gain + 1)


def test_the_wrong_number_of_weights_is_refused(student):
    model = student.call("Scale", [3], outputs="handle").handle
    assert student.set_weights(model, [np.ones(3, np.float32)]).status == "error"


def test_a_gradient_comes_back_and_its_absence_shows(student):
    x, cotangent = np.array([1.0, 2.0], np.float32), np.array([3.0, 5.0], np.float32)
    np.testing.assert_array_equal(only(student.vjp("doubled", [x], [cotangent])), 2 * cotangent)
    assert only(student.vjp("squares", [x], [cotangent])) is None
    # A tensor goes in, and an array of NumPy's comes out: that is no error of the student's code.
    assert only(student.vjp("through_numpy", [wire.Tensor(x)], [cotangent])) is None


# How a notebook makes a setting, how it shows, and how this test takes it back.
SETTINGS = {
    "half precision": (
        lambda: keras.config.set_dtype_policy("mixed_float16"),
        lambda: keras.config.dtype_policy().name,
        lambda: keras.config.set_dtype_policy("float32"),
    ),
    "double precision": (
        lambda: keras.config.set_dtype_policy("float64"),
        lambda: keras.config.dtype_policy().name,
        lambda: keras.config.set_dtype_policy("float32"),
    ),
    "another float": (
        lambda: keras.config.set_floatx("float64"),
        keras.config.floatx,
        lambda: keras.config.set_floatx("float32"),
    ),
    "another epsilon": (
        lambda: keras.config.set_epsilon(0.1),
        keras.config.epsilon,
        lambda: keras.config.set_epsilon(1e-7),
    ),
    "NumPy raises": (
        lambda: np.seterr(all="raise"),
        np.geterr,
        lambda: np.seterr(all="warn", under="ignore"),
    ),
    "warnings raise": (
        lambda: warnings.simplefilter("error"),
        lambda: warnings.filters[0][0],
        lambda: None,
    ),
    "functions run eagerly": (
        lambda: tf.config.run_functions_eagerly(True),
        tf.config.functions_run_eagerly,
        lambda: tf.config.run_functions_eagerly(False),
    ),
    "numerics are checked": (
        tf.debugging.enable_check_numerics,
        lambda: is_checked(),
        tf.debugging.disable_check_numerics,
    ),
}


def is_checked():
    """Tells whether TensorFlow refuses infinity."""
    try:
        tf.math.log(tf.constant(0.0))
    except tf.errors.InvalidArgumentError:
        return True
    return False


X = np.array([[1.0, 2.0], [0.0, 4.0]], np.float32)


def assert_right():
    student = Student(Here(), 60)
    value = only(student.call("touchy", [X]))
    assert value.dtype == np.float32
    np.testing.assert_allclose(value, [3 + np.log(2), 4 + np.log(4)], rtol=1e-5)
    np.testing.assert_allclose(only(student.call("trained", [X])), [12.5], rtol=1e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_of_the_notebook_leaves_answers_alone_and_stays_as_it_was(setting):
    choose, read, undo = SETTINGS[setting]
    before = read()
    with contextlib.ExitStack() as stack:
        stack.callback(undo)
        choose()
        chosen = read()
        assert chosen != before
        assert_right()
        assert read() == chosen
    assert read() == before or setting == "warnings raise"


@pytest.mark.filterwarnings("ignore")
def test_without_eager_execution_answers_are_numbers_all_the_same():
    with tf.Graph().as_default():
        assert_right()
        assert not tf.executing_eagerly()


def test_a_tensor_of_a_graph_is_said_to_be_one():
    symbolic = keras.Input((3,))
    assert student_side.pack_malformed(symbolic) == {"status": "malformed", "kind": "symbolic"}


def test_seeding_repeats_random_numbers():
    first, second = [], []
    for drawn in (first, second):
        student_side.seed_everything(3)
        drawn += [np.random.rand(), float(tf.random.normal([]))]
    assert first == second
