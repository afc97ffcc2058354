"""Where the references are computed."""

import contextlib
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import cache

__all__ = ["GPU", "DeviceError", "choose", "on", "visible_gpus", "without_start_up_notes"]

CPU, GPU = "/CPU:0", "/GPU:0"


class DeviceError(ValueError):
    """A device that does not exist."""


def choose(wanted="auto") -> str:
    """Returns the device for `wanted`: `"auto"` (a GPU where there is one), `"cpu"` or `"gpu"`.

    Raises:
        DeviceError: If `wanted` is `"gpu"` and TensorFlow sees none, or is no known word.
    """
    if wanted not in ("auto", "cpu", "gpu"):
        raise DeviceError(f"device must be auto, cpu or gpu, not {wanted!r}")
    gpus = visible_gpus()
    if wanted == "gpu" and not gpus:
        raise DeviceError(
            "TensorFlow sees no GPU here: use --device cpu, or set the kit up "
            "with `make GPU=1 grade`"
        )
    return GPU if gpus and wanted != "cpu" else CPU


def has_started() -> bool:
    """Tells whether TensorFlow has run an operation in this process."""
    from tensorflow.python.eager import context

    return context._context is not None and context._context._initialized


_starting = threading.Lock()


def visible_gpus() -> int:
    """Starts TensorFlow so that float32 means float32; returns how many GPUs it can use."""
    with _starting:
        return _start()


@cache
def _start() -> int:
    with without_start_up_notes():
        import tensorflow as tf

        # The 10-bit mantissa of TF32 would hide errors a hundred times the tolerance.
        tf.config.experimental.enable_tensor_float_32_execution(False)
        tf.zeros(1)
        return len(tf.config.list_physical_devices("GPU"))


def on(device) -> AbstractContextManager:
    """Returns a context in which TensorFlow computes on `device`."""
    import tensorflow as tf

    return tf.device(device)


@contextlib.contextmanager
def without_start_up_notes() -> Iterator[None]:
    """Keeps TensorFlow's C++ notes about missing GPU drivers off the terminal as it starts.

    They come whatever `TF_CPP_MIN_LOG_LEVEL` says. Python's own errors are raised as ever.
    """
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(null)
        os.close(kept)
