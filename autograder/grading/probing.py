"""Asks a student's process for the values of one question, and turns what comes back into answers to judge."""

import time

from vikit import judge, wire


class Student:
    """The wire's verbs as calls. Arrays come back as NumPy arrays; objects stay there and come back as a `wire.Handle`.

    Args:
        run: The `NotebookRun` to ask.
        seconds: The limit of a single request.
    """

    def __init__(self, run, seconds):
        self.run, self.seconds = run, seconds

    def call(self, path, arguments=(), keywords=None, outputs=None):
        """Calls the function, class or method at `path`; `outputs` as in `probe.returned`."""
        return self._ask("call", path, arguments, keywords, outputs=outputs)

    def calls(self, path, rounds, outputs=None):
        """Calls what is at `path` with each of several lists of arguments.

        The replies end early with one of status `"timeout"` or `"crashed"` if a call never ended, or ended the process.
        """
        return self.run.ask(
            [wire.pack_request("call", path, arguments, outputs=outputs) for arguments in rounds], self.seconds
        )

    def get(self, path, outputs=None):
        """Reads the attribute at `path`."""
        return self._ask("get", path, outputs=outputs)

    def weights(self, handle):
        """Returns the trainable weights of a model."""
        return self._ask("weights", handle.key)

    def set_weights(self, handle, arrays):
        """Gives a model's trainable weights new values."""
        return self._ask("set_weights", handle.key, arrays)

    def fit(self, handle, arrays, learning_rate=None, seed=0, **options):
        """Trains a model, compiled with Adam if a learning rate is given; the reply's mapping is its history."""
        return self._ask("fit", handle.key, arrays, options, learning_rate=learning_rate, seed=seed)

    def vjp(self, path, arguments, cotangents):
        """Returns the gradients of sum(output * cotangent) in the array arguments, None where there is no path."""
        packed = [wire.pack_array(cotangent) for cotangent in cotangents]
        return self._ask("vjp", path, arguments, cotangents=packed)

    def _ask(self, verb, path, arguments=(), keywords=None, **options):
        return self.run.ask([wire.pack_request(verb, path, arguments, keywords, **options)], self.seconds)[0]


def answers(run, question, path, seconds):
    """Returns a dict from the name of each case of `question` to the `judge.Answer` that the student's process gave.

    The cases share the question's time. After a case that hung or ended the process the others are not tried: they would
    do the same, each at the cost of running the notebook again.
    """
    cases = sorted(question.cases, key=lambda case: case.kind != judge.GENERIC)
    outputs = len(question.outputs) or None
    run.ready()
    started = time.monotonic()
    replies = Student(run, seconds).calls(path, [case.arguments for case in cases], outputs)
    if replies[-1].status == "crashed":
        # Its last words may be lost, and a thread of another question may have done it.
        replies = one_by_one(run, path, cases, outputs, seconds - (time.monotonic() - started))
    replies += replies[-1:] * (len(cases) - len(replies))
    return {case.name: as_answer(reply, seconds) for case, reply in zip(cases, replies, strict=True)}


def one_by_one(run, path, cases, outputs, left):
    """Returns the replies to the cases up to the first that hangs or ends the process.

    A death is blamed on a case only if it happens again in a fresh kernel that was asked nothing else.
    """
    replies = []
    for case in cases:
        for _ in range(2):
            run.ready()
            started = time.monotonic()
            reply = Student(run, max(left, 0.1)).call(path, case.arguments, outputs=outputs)
            left -= time.monotonic() - started
            if reply.status != "crashed":
                break
            run.end()
        replies.append(reply)
        if reply.status in ("timeout", "crashed"):
            break
    return replies


def as_answer(reply, seconds):
    text = f"a question has {seconds:g} s for all of its cases" if reply.status == "timeout" else reply.text
    return judge.Answer(reply.status, reply.values, reply.kind, reply.line, text)
