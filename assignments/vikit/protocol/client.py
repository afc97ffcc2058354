"""`Student`: the protocol's asking end, its verbs as calls. `student_side` is the other end.

The grader asks through a kernel, `check` in the notebook's own process.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import student_side, wire

__all__ = ["MALFORMED", "InProcess", "Stopwatch", "Student", "Unreachable", "read_reply"]


class Unreachable(Exception):
    """The requests could not be delivered, by fault of the machine or of the kernel.

    Attributes:
        reason: The exception that it raised.
    """

    def __init__(self, reason) -> None:
        super().__init__(str(reason))
        self.reason = reason


MALFORMED = wire.Reply("malformed", kind="object")


def read_reply(packed, request: dict[str, Any]) -> wire.Reply:
    """Returns the `wire.Reply` that JSON data holds, "malformed" where it answers no `request`."""
    try:
        reply = wire.unpack_reply(packed)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return MALFORMED
    return reply if is_reply_to(reply, request) else MALFORMED


def is_reply_to(reply: wire.Reply, request: dict[str, Any]) -> bool:
    """Tells whether a reply holds what was asked for; only gradients may be None.

    A tuple may have any length.
    """
    if reply.status != "ok":
        return True
    verb, outputs = request["verb"], request.get("outputs")
    named = "mapping" if verb == "fit" else outputs
    if named in ("handle", "mapping"):
        return getattr(reply, named) is not None
    if reply.handle is not None or reply.mapping is not None:
        return False
    if verb == "vjp":
        return len(reply.values) == sum(map(has_gradient, request["arguments"]))
    if any(value is None for value in reply.values):
        return False
    if verb in ("call", "get"):
        return outputs is not None or (
            len(reply.values) == 1 and (verb == "call" or reply.values[0].size > 0)
        )
    return verb != "untracked" or [value.size for value in reply.values] == [1]


def has_gradient(packed) -> bool:
    """Tells whether `student_side.vjp` takes the gradient in an argument: in arrays of floats."""
    array = packed.get("array") or packed.get("tensor")
    return array is not None and array["dtype"].startswith("float")


class Student:
    """The protocol's verbs as calls.

    Arrays come back as NumPy arrays; a model stays there and comes back as a `wire.Handle`.

    Args:
        run: Delivers requests: has `ask(requests, seconds)`, which returns a `wire.Reply` for each
            request.
        seconds: The limit of a single request.
    """

    def __init__(self, run, seconds) -> None:
        self.run, self.seconds = run, seconds

    def call(self, path: str, arguments=(), keywords=None, outputs=None) -> wire.Reply:
        """Calls the function, class or method at `path`.

        Args:
            path: A name, or a handle's key and an attribute.
            arguments: By position, as `wire.pack_argument` takes them.
            keywords: By name.
            outputs: What is to come back, as in `student_side.pack_result`.
        """
        return self._ask("call", path, arguments, keywords, outputs=outputs)

    def calls(self, path: str, rounds, outputs=None) -> list[wire.Reply]:
        """Calls what is at `path` with each of several lists of arguments.

        The replies end early with one of status `"timeout"` or `"crashed"` if a call never ended,
        or ended the process.

        Args:
            path: A name, or a handle's key and an attribute.
            rounds: The arguments of each call.
            outputs: What is to come back, as in `student_side.pack_result`.
        """
        return self._send(
            [wire.pack_request("call", path, arguments, outputs=outputs) for arguments in rounds]
        )

    def get(self, path: str, outputs=None) -> wire.Reply:
        """Reads the attribute at `path`."""
        return self._ask("get", path, outputs=outputs)

    def weights(self, handle: wire.Handle) -> wire.Reply:
        """Returns the trainable weights of a model."""
        return self._ask("weights", handle.key)

    def set_weights(self, handle: wire.Handle, arrays) -> wire.Reply:
        """Gives a model's trainable weights new values."""
        return self._ask("set_weights", handle.key, arrays)

    # Not fewer arguments: they are the fields of the request.
    def fit(
        self,
        handle: wire.Handle,
        arrays,
        learning_rate=None,
        seed=None,
        eager=False,
        each_batch=False,
        **options,
    ) -> wire.Reply:
        """Trains a model; the reply's mapping is its history.

        Args:
            handle: The model's `wire.Handle`.
            arrays: What its `fit` takes by position.
            learning_rate: Of a new Adam that it is compiled with; None leaves it as it is compiled.
            seed: Of the random numbers; None leaves them.
            eager: Whether to save the seconds that tracing takes, for a few steps.
            each_batch: Whether the history is of batches, not epochs.
            options: What its `fit` takes by name.
        """
        settings = {
            "learning_rate": learning_rate,
            "seed": seed,
            "eager": eager,
            "each_batch": each_batch,
        }
        return self._ask("fit", handle.key, arrays, options, **settings)

    def untracked(self, path: str, arguments) -> wire.Reply:
        """Counts a model's trainable variables that a method uses and that are no weights."""
        return self._ask("untracked", path, arguments)

    def vjp(self, path: str, arguments, cotangents) -> wire.Reply:
        """Returns the gradients of sum(output * cotangent) in the arrays, None without a path.

        Args:
            path: A name, or a handle's key and an attribute.
            arguments: By position.
            cotangents: An array for each output, of its shape.
        """
        packed = [wire.pack_array(cotangent) for cotangent in cotangents]
        return self._ask("vjp", path, arguments, cotangents=packed)

    def seed(self, number) -> wire.Reply:
        """Seeds Python, NumPy, Keras and TensorFlow; TensorFlow then rebuilds its operations."""
        return self._ask("seed", "", seed=number)

    def _ask(self, verb, path: str, arguments=(), keywords=None, **options) -> wire.Reply:
        return self._send([wire.pack_request(verb, path, arguments, keywords, **options)])[0]

    def _send(self, requests) -> list[wire.Reply]:
        replies = self.run.ask(requests, self.seconds)
        pairs = zip(replies, requests, strict=False)
        return [reply if is_reply_to(reply, request) else MALFORMED for reply, request in pairs]


class Stopwatch:
    """Counts the processor time of a student's answers in this process.

    What else the machine does counts for nothing: no answer counts more than passed on the wall, as
    several threads run side by side, nor more than it ran. One that starts TensorFlow counts for
    nothing either.

    Attributes:
        seconds: What was counted so far.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def count(self) -> Iterator[None]:
        """Counts what is done inside."""
        had_started, ran, passed = (
            "tensorflow" in sys.modules,
            time.process_time(),
            time.monotonic(),
        )
        yield
        ran, passed = time.process_time() - ran, time.monotonic() - passed
        if had_started or "tensorflow" not in sys.modules:
            self.seconds += min(ran, passed)


class InProcess:
    """Delivers requests to this process, not a kernel: the same code, without a time limit.

    Args:
        names: What the notebook defines, by name.
        stopwatch: Counts the time of the answers; None for one of its own.
    """

    def __init__(self, names, stopwatch: Stopwatch | None = None) -> None:
        self.space = student_side.Namespace(names)
        self.stopwatch = stopwatch or Stopwatch()

    def ask(self, requests, seconds) -> list[wire.Reply]:
        return [self.reply(request) for request in requests]

    def reply(self, request) -> wire.Reply:
        with self.stopwatch.count():
            packed = student_side.answer_request(self.space, request)
        return read_reply(packed, request)
