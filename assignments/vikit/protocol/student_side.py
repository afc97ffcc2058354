"""Answers requests where the student's code is: for `check` directly, for the grader by `serve`.

`answer_request` looks up the verb; `unpack_arguments` unpacks the student's arguments,
`pack_result` packs the reply. A request names an object by its path, `name` or `handle.attribute`,
and sends data only (see `wire`):

    call        a function, a class or a method -> arrays, named arrays or a handle
    get         an attribute -> arrays or a handle
    weights     of a model -> its trainable weights as arrays
    set_weights of a model, from arrays
    fit         compiles and trains a model -> its history as named arrays
    seed        Python's, NumPy's, Keras' and TensorFlow's random numbers
    untracked   calls a method of a model -> how many trainable variables took part that the model
                does not know
    vjp         the vector-Jacobian product of a function at its arguments -> one array an argument,
                or nothing

A reply proves nothing by itself: the process that asked compares its values with reference values.
"""

import contextlib
import json
import random
import re
import sys
import sysconfig
import traceback
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

import numpy as np

from . import wire

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

__all__ = [
    "BUILDERS",
    "MIME",
    "VERBS",
    "Missing",
    "Namespace",
    "answer_request",
    "load_ipython_extension",
    "pack_result",
    "serve",
]


# The folder of the kit's own code.
VIKIT = str(Path(__file__).resolve().parents[1])
MIME = "application/vnd.vikit.reply+json"


class Missing(LookupError):
    """A name or an attribute that a request asks for and that does not exist."""


class Namespace:
    """The student's names, and the objects that earlier requests have kept under a handle."""

    def __init__(self, names) -> None:
        self.names = names
        self.handles: dict[str, Any] = {}
        self.optimizers: dict[str, Any] = {}

    def resolve(self, path) -> Any:
        """Returns the object at `path`; raises `Missing` where a part of it does not exist."""
        first, *attributes = path.split(".")
        if first not in self.handles and first not in self.names:
            raise Missing(first)
        found = self.handles[first] if first in self.handles else self.names[first]
        for attribute in attributes:
            if not hasattr(found, attribute):
                raise Missing(attribute)
            found = getattr(found, attribute)
        return found

    def keep(self, found) -> str:
        """Keeps an object and returns its handle's key."""
        key = f"@{len(self.handles) + 1}"
        self.handles[key] = found
        return key


def affine(A, c) -> Callable:
    """Returns z -> z A^T + c for TensorFlow, for `[n, K]` as for `[K]`."""
    import tensorflow as tf

    return lambda z: tf.linalg.matvec(A, tf.cast(z, tf.float32)) + c


def linear_gaussian(w, b, sigma, x) -> Callable:
    """Returns z[n] -> log N(z; 0, 1) + log N(x; w z + b, sigma^2), in nats, for TensorFlow."""
    import tensorflow as tf
    import tensorflow_probability as tfp

    normal = tfp.distributions.Normal

    def log_density(z) -> "tf.Tensor":
        z = tf.cast(z, tf.float32)
        return normal(0.0, 1.0).log_prob(z) + normal(w * z + b, sigma).log_prob(x)

    return log_density


def power_generator(a) -> Callable:
    """Returns t -> (t^a - 1 - a (t - 1)) / (a (a - 1)) for TensorFlow; `a` has shape `[1]`."""
    import tensorflow as tf

    (power,) = a

    def generator(t) -> "tf.Tensor":
        t = tf.cast(t, tf.float32)
        return (t**power - 1 - power * (t - 1)) / (power * (power - 1))

    return generator


class LinearModel:
    """A latent variable model of linear networks: has `encoder`, `decoder` and `likelihood`.

    encoder(x) = (x A^T + a, x S^T + s), decoder(z) = z W^T + w.
    """

    # Not fewer arguments: they are the letters of the formulas.
    def __init__(self, likelihood, A, a, S, s, W, w) -> None:
        self.likelihood = likelihood
        self.encoder = lambda x: (affine_layer(A, a)(x), affine_layer(S, s)(x))
        self.decoder = affine_layer(W, w)


def affine_layer(A, c) -> Callable:
    """Returns x -> x A^T + c over the last axis, for any number of axes before."""
    import tensorflow as tf

    return lambda x: tf.tensordot(tf.cast(x, tf.float32), A.T, 1) + c


BUILDERS: dict[str, Callable] = {
    "affine": affine,
    "linear_gaussian": linear_gaussian,
    "power_generator": power_generator,
    "bernoulli_model": partial(LinearModel, "bernoulli"),
    "gaussian_model": partial(LinearModel, "gaussian"),
}


def answer_request(space: Namespace, request: dict[str, Any]) -> dict[str, Any]:
    """Returns the reply to `request`, both JSON data; the student's exception becomes one."""
    try:
        with usual_settings():
            return VERBS[request["verb"]](space, request)
    except Missing:
        return {"status": "missing"}
    except BaseException as error:  # noqa: BLE001  the student's code may raise anything, SystemExit too
        return pack_exception(error)


def serve() -> None:
    """Answers the requests in the message's metadata, and publishes each reply as it comes.

    Python's and NumPy's random numbers are seeded each time, TensorFlow's in the first message and
    by the verb `seed`: seeded again it makes all of its operations anew, which takes longer than
    running them.
    """
    message = json.loads(_shell.get_parent()["metadata"]["requests"])
    seed_arrays(0)
    if "keras" in sys.modules and not _seeded:
        _seeded.append(True)
        seed_everything(0)
    for number, request in enumerate(message["requests"]):
        reply = answer_request(_space, request)
        publish(reply | {"id": [message["key"], number]})
        if reply.get("kind") == "KeyboardInterrupt":
            # The time is up: what comes next would be too late.
            return


@contextlib.contextmanager
def usual_settings() -> Iterator[None]:
    """Resets the process's settings to their defaults, and afterwards to the notebook's own.

    A question is about a function: the same answer is right under every policy, precision or mode
    that a notebook sets.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"))
        stack.enter_context(warnings.catch_warnings())
        kept = [entry for entry in warnings.filters if entry[0] != "error"]
        warnings.filters[:] = kept  # type: ignore[index]  # it is a list: the context above has made it
        if "keras" in sys.modules:
            reset_keras(stack, sys.modules["keras"].config)
        if "tensorflow" in sys.modules:
            reset_tensorflow(stack, sys.modules["tensorflow"])
        yield


def reset_keras(stack, config) -> None:
    for read, write, usual in (
        (config.floatx, config.set_floatx, "float32"),
        (config.epsilon, config.set_epsilon, 1e-7),
        (config.dtype_policy, config.set_dtype_policy, "float32"),
    ):
        chosen = read()
        if getattr(chosen, "name", chosen) != usual:
            write(usual)
            stack.callback(write, chosen)


def reset_tensorflow(stack, tf) -> None:
    if tf.config.functions_run_eagerly():
        tf.config.run_functions_eagerly(False)
        stack.callback(tf.config.run_functions_eagerly, True)
    # No public function reads or resets these: eager execution,
    # checks of numerics, promotion of types.
    context, ops = (
        sys.modules.get(f"tensorflow.python.{name}") for name in ("eager.context", "framework.ops")
    )
    if context is None or ops is None:
        return
    promotion = ops.get_dtype_conversion_mode().name.lower()
    if promotion in ("all", "safe"):
        ops.set_dtype_conversion_mode("off")
        stack.callback(ops.set_dtype_conversion_mode, promotion)
    if not tf.executing_eagerly():
        stack.enter_context(context.eager_mode())
    chosen = context.context()
    for callback in list(chosen.op_callbacks):
        chosen.remove_op_callback(callback)
        stack.callback(chosen.add_op_callback, callback)


def publish(reply: dict[str, Any]) -> None:
    """Sends `reply` as a cell's display, without waiting until earlier prints are sent."""
    content = {"data": {MIME: reply}, "metadata": {}, "transient": {}}
    _publisher.session.send(
        _publisher.pub_socket, "display_data", content, parent=_publisher.parent_header
    )


def load_ipython_extension(shell) -> None:
    """Keeps what `serve` needs, before any cell runs; `exit()` will leave the kernel running."""
    global _shell, _publisher, _space
    _shell, _publisher, _space = shell, shell.display_pub, Namespace(shell.user_ns)
    shell.ask_exit = lambda: None


# What `load_ipython_extension` keeps.
_shell: Any
_publisher: Any
_space: Namespace
_seeded: list[bool] = []


def seed_arrays(seed) -> None:
    random.seed(seed)
    np.random.seed(seed)


def seed_everything(seed) -> None:
    seed_arrays(seed)
    keras = sys.modules.get("keras")
    if keras is not None:
        keras.utils.set_random_seed(seed)


def unpack_argument(space: Namespace, packed) -> Any:
    """Returns the object that a packed argument describes."""
    if "array" in packed:
        return wire.unpack_array(packed["array"]).copy()
    if "handle" in packed:
        return space.handles[packed["handle"]]
    if "counts" in packed:
        return tuple(packed["counts"])
    if "tensor" in packed:
        import tensorflow as tf

        return tf.constant(wire.unpack_array(packed["tensor"]))
    if "callable" in packed:
        arrays = [wire.unpack_array(array) for array in packed["arrays"]]
        return BUILDERS[packed["callable"]](*arrays)
    (value,) = packed.values()
    return value


def ping(space: Namespace, request: dict[str, Any]) -> dict[str, Any]:
    return {"status": "ok", "values": []}


def call(space: Namespace, request: dict[str, Any]) -> dict[str, Any]:
    function = space.resolve(request["path"])
    arguments, keywords = unpack_arguments(space, request)
    try:
        result = function(*arguments, **keywords)
        return pack_result(space, result, request.get("outputs"))
    except BaseException as error:  # noqa: BLE001  the student's code may raise anything, SystemExit too
        return pack_exception(error, function)


def get(space: Namespace, request: dict[str, Any]) -> dict[str, Any]:
    return pack_result(space, space.resolve(request["path"]), request.get("outputs"))


def weights(space: Namespace, request: dict[str, Any]) -> dict[str, Any]:
    model = space.resolve(request["path"])
    return {
        "status": "ok",
        "values": [wire.pack_array(np.asarray(weight)) for weight in model.trainable_weights],
    }


def set_weights(space: Namespace, request: dict[str, Any]) -> dict[str, Any]:
    model = space.resolve(request["path"])
    arrays, _ = unpack_arguments(space, request)
    if len(arrays) != len(model.trainable_weights):
        raise ValueError(
            f"{len(arrays)} arrays for {len(model.trainable_weights)} trainable weights"
        )
    for weight, array in zip(model.trainable_weights, arrays, strict=True):
        weight.assign(array)
    return {"status": "ok", "values": []}


def fit(space: Namespace, request: dict[str, Any]) -> dict[str, Any]:
    model = space.resolve(request["path"])
    arrays, keywords = unpack_arguments(space, request)
    seen: list[dict[str, Any]] = []
    if request.get("seed") is not None:
        seed_everything(request["seed"])
    if request.get("learning_rate") is not None:
        give_optimizer(space, request["path"], model, request["learning_rate"])
    if request.get("eager"):
        model.run_eagerly = True
    if request.get("each_batch"):
        keywords["callbacks"] = [build_recorder(model, seen)]
    history = model.fit(*arrays, verbose=0, **keywords).history
    if request.get("each_batch"):
        # None where the student's `fit` calls no callbacks.
        history = {
            name: [logs[name] for logs in seen if name in logs] for name in (seen or [{}])[0]
        }
    return pack_result(space, history, "mapping")


def build_recorder(model, seen) -> "keras.callbacks.Callback":
    """Returns a Keras callback that appends the logs of each single batch to `seen`."""
    import keras

    return keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: model.reset_metrics(),
        on_train_batch_end=lambda batch, logs: seen.append(dict(logs)),
    )


def give_optimizer(space: Namespace, path, model, learning_rate) -> None:
    """Compiles a model with a new Adam; later resets that one, because compiling takes seconds."""
    import keras

    optimizer: Any = space.optimizers.get(path)
    is_still_there = optimizer is not None and getattr(model, "optimizer", None) is optimizer
    if is_still_there:
        for variable in optimizer.variables:
            variable.assign(0 * variable)
        optimizer.learning_rate = learning_rate
        return
    space.optimizers[path] = optimizer = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer=optimizer)
    if getattr(model, "built", False):
        # Without this the first training step creates variables, and TensorFlow
        # traces the step twice.
        optimizer.build(model.trainable_variables)


def seed(space: Namespace, request: dict[str, Any]) -> dict[str, Any]:
    seed_everything(request["seed"])
    return {"status": "ok", "values": []}


def untracked(space: Namespace, request: dict[str, Any]) -> dict[str, Any]:
    import tensorflow as tf

    arguments, keywords = unpack_arguments(space, request)
    with tf.GradientTape() as tape:
        space.resolve(request["path"])(*arguments, **keywords)
    model = space.resolve(request["path"].partition(".")[0])
    # Weights that are frozen on purpose count as known: Keras saves them.
    known = {weight.value.ref() for weight in model.weights}
    strangers = [variable for variable in tape.watched_variables() if variable.ref() not in known]
    return {"status": "ok", "values": [wire.pack_array(np.float32(len(strangers)))]}


def vjp(space: Namespace, request: dict[str, Any]) -> dict[str, Any]:
    import tensorflow as tf

    function = space.resolve(request["path"])
    arguments, keywords = unpack_arguments(space, request)
    cotangents = [wire.unpack_array(packed) for packed in request["cotangents"]]
    watched = [tf.constant(one) if isinstance(one, np.ndarray) else one for one in arguments]
    sources = [value for value in watched if tf.is_tensor(value) and value.dtype.is_floating]
    try:
        with tf.GradientTape() as tape:
            tape.watch(sources)
            result = function(*watched, **keywords)
        targets = list(result) if isinstance(result, tuple | list) else [result]
        if any(isinstance(target, np.ndarray | np.generic | float) for target in targets):
            # Numbers of NumPy's, and of Python's: no gradient comes through them.
            return {"status": "ok", "values": [None] * len(sources)}
        # TensorFlow wants the cotangent of a float64 output in float64.
        pairs = zip(cotangents, targets, strict=True)
        given = [tf.cast(cotangent, target.dtype) for cotangent, target in pairs]
        gradients = tape.gradient(targets, sources, output_gradients=given)
        # A gradient through a gather comes as slices.
        dense = [None if part is None else tf.convert_to_tensor(part) for part in gradients]
    except BaseException as error:  # noqa: BLE001  the student's code may raise anything, SystemExit too
        return pack_exception(error, function)
    values = [None if part is None else wire.pack_array(np.asarray(part)) for part in dense]
    return {"status": "ok", "values": values}


VERBS = {
    "ping": ping,
    "call": call,
    "get": get,
    "weights": weights,
    "set_weights": set_weights,
    "fit": fit,
    "seed": seed,
    "untracked": untracked,
    "vjp": vjp,
}


def unpack_arguments(space: Namespace, request: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Returns (arguments, keywords) of a request, as the student's function gets them."""
    arguments = [unpack_argument(space, packed) for packed in request["arguments"]]
    return arguments, {
        name: unpack_argument(space, packed) for name, packed in request["keywords"].items()
    }


def pack_result(space: Namespace, result, outputs) -> dict[str, Any]:
    """Returns the reply that holds `result`.

    Args:
        space: The `Namespace`.
        result: What the student's code returned.
        outputs: What the request asks for: None for one array, a number for arrays in a tuple or
            list, "mapping" for named arrays, "handle" for the object itself, which stays here.
    """
    if outputs == "handle":
        return {"status": "ok", "handle": space.keep(result)}
    if outputs == "mapping":
        if not isinstance(result, dict):
            return pack_malformed(result)
        return {
            "status": "ok",
            "mapping": {str(name): pack_value(value) for name, value in result.items()},
        }
    if outputs is None:
        parts = [result]
    elif isinstance(result, tuple | list):
        parts = list(result)
    else:
        return pack_malformed(result)
    packed = []
    for part in parts:
        value = pack_value(part)
        if value is None:
            return pack_malformed(part)
        packed.append(value)
    if sum(wire.decoded_size(value["data"]) for value in packed) > wire.MAX_BYTES:
        return {"status": "malformed", "kind": wire.TOO_LARGE}
    return {"status": "ok", "values": packed}


def pack_value(value) -> dict[str, Any] | None:
    """Returns `value` as a packed array, None where it is no array of real numbers."""
    if value is None or isinstance(value, str | bytes):
        return None
    try:
        array = np.asarray(value)
    except Exception:  # noqa: BLE001  ragged lists, symbolic tensors, objects that refuse
        return None
    return wire.pack_array(array) if array.dtype.name in wire.DTYPES else None


def pack_malformed(value) -> dict[str, Any]:
    """Returns the reply for a value of another form than was asked for: it says the type."""
    if type(value).__name__ in ("SymbolicTensor", "KerasTensor", "Tensor"):
        return {"status": "malformed", "kind": "symbolic"}
    dtype = getattr(getattr(value, "dtype", None), "name", None)
    return {"status": "malformed", "kind": dtype or type(value).__name__}


def pack_exception(error, function=None) -> dict[str, Any]:
    """Returns the reply for an exception: its type, message and the student's traceback lines.

    A NotImplementedError is an unanswered stub only where a line of the student's raises it:
    TensorFlow raises it too. The reply's kind then names the function or class that raised it where
    that is another one, such as an earlier question.
    """
    trace = traceback.extract_tb(error.__traceback__)
    if isinstance(error, NotImplementedError) and is_raised_by_student(trace[-1]):
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        own = frame.f_code is code_of(function)
        return {
            "status": "unanswered",
            "kind": "" if own else frame.f_code.co_qualname.split(".")[0],
        }
    frames = [frame for frame in trace if is_student_file(frame.filename)]
    line = next(
        (frame.lineno for frame in reversed(frames) if frame.filename == source_file(function)),
        None,
    )
    # Keras' messages are in colour.
    message = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    if len(message) > 600:
        message = message[:600] + " ..."
    shown = [f"  {frame.name}, line {frame.lineno}:  {frame.line}" for frame in frames[-4:]]
    text = "\n".join([*shown, f"{type(error).__name__}: {message}"])
    # A lone surrogate in a message is no text that could be sent.
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return {"status": "error", "kind": type(error).__name__, "line": line, "text": text}


def is_raised_by_student(frame: traceback.FrameSummary) -> bool:
    """Tells whether the last line of a traceback is a `raise` of the student's.

    AutoGraph ends the traceback of TensorFlow's own errors at the student's line as well.
    """
    return is_student_file(frame.filename) and "raise" in (frame.line or "raise")


def is_student_file(filename) -> bool:
    """Tells whether a traceback's file is the student's: not Python's, a package's or vikit's."""
    libraries = {
        sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")
    }
    # IPython names a cell `<ipython-input-...>` on Colab and `.../ipykernel_.../....py` elsewhere.
    nameless = filename.startswith("<") and not filename.startswith("<ipython-input")
    frozen = nameless or "-packages" in filename or "__autograph_generated" in filename
    return not frozen and not filename.startswith((*libraries, VIKIT))


def source_file(function) -> str | None:
    """Returns the file that defines `function` or a class, or None."""
    return getattr(code_of(function), "co_filename", None)


def code_of(function) -> CodeType | None:
    """Returns the code of `function`, wrapped or not, or of a class's `__init__`, or None."""
    if isinstance(function, type):
        function = function.__init__  # type: ignore[misc]  # the one that this very class has
    for attribute in ("python_function", "__wrapped__"):
        function = getattr(function, attribute, function)
    return getattr(function, "__code__", None)
