"""The format of requests and replies: JSON, and arrays as dtype, shape and raw bytes.

Nothing here pickles, evaluates or calls a method of an unknown object. Replies enter the grader by
`unpack_reply` alone; it raises `Rejected` for everything that `student_side` may not send.
"""

import base64
import binascii
import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "DTYPES",
    "MAX_BYTES",
    "TOO_LARGE",
    "BuiltArgument",
    "Handle",
    "Rejected",
    "Reply",
    "Tensor",
    "decoded_size",
    "pack_argument",
    "pack_array",
    "pack_request",
    "unpack_array",
    "unpack_reply",
]


DTYPES = ("float32", "float64", "int32", "int64", "uint32", "bool")
STATUSES = ("ok", "unanswered", "missing", "error", "malformed")
MAX_RANK = 8
MAX_ARRAYS = 512
MAX_BYTES = 8 * 2**20
MAX_TEXT = 4000
# The key of an object that stays in the student's process. No Python name begins with this sign.
HANDLE = re.compile(r"@[1-9][0-9]{0,8}")
# The kind of a reply whose arrays together were larger than MAX_BYTES.
TOO_LARGE = "too large"


class Rejected(ValueError):
    """A reply that is not what the wire allows."""


@dataclass(frozen=True)
class Tensor:
    """An argument that reaches the student as a float32 TensorFlow tensor, not a NumPy array."""

    array: np.ndarray


@dataclass(frozen=True)
class Handle:
    """An object that stays in the student's process: a model, an optimizer."""

    key: str


@dataclass(frozen=True)
class BuiltArgument:
    """A function or a model as argument, built on the student's side (`student_side.BUILDERS`)."""

    kind: str
    arrays: tuple


@dataclass(frozen=True)
class Reply:
    """The reply to one request.

    `values` holds arrays (None where a gradient does not exist), `mapping` named arrays, `handle` a
    key. `kind` is the type of an exception or of a value that is no array, `line` the student's
    line that raised, `text` what the student reads of it. The student's process wrote all three:
    they may be shown, and decide nothing.
    """

    status: str
    values: tuple = ()
    mapping: dict | None = None
    handle: Handle | None = None
    kind: str = ""
    line: int | None = None
    text: str = ""


def pack_array(array) -> dict[str, Any]:
    """Returns `array` as JSON data; `unpack_array` is its inverse."""
    array = np.asarray(array)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": data}


def unpack_array(packed) -> np.ndarray:
    """Returns the array that `packed` describes, or raises `Rejected`."""
    if not isinstance(packed, dict) or set(packed) != {"dtype", "shape", "data"}:
        raise Rejected("an array must have dtype, shape and data")
    dtype, shape, data = packed["dtype"], packed["shape"], packed["data"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise Rejected(f"an array's dtype must be one of {', '.join(DTYPES)}")
    sizes = isinstance(shape, list) and all(
        type(size) is int and 0 <= size <= MAX_BYTES for size in shape
    )
    if not sizes or len(shape) > MAX_RANK:
        raise Rejected(f"an array's shape must be a list of at most {MAX_RANK} sizes")
    wanted = math.prod(shape) * np.dtype(dtype).itemsize
    # An array without elements has no bytes, whatever the lengths of its other
    # axes: bound those too.
    extent = math.prod(max(size, 1) for size in shape) * np.dtype(dtype).itemsize
    if not isinstance(data, str) or extent > MAX_BYTES or len(data) != 4 * math.ceil(wanted / 3):
        raise Rejected(f"an array's data must be what its shape says, at most {MAX_BYTES} bytes")
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Rejected("an array's data must be base64") from error
    if len(raw) != wanted:
        raise Rejected("an array's data must be what its shape says")
    return np.frombuffer(raw, dtype=dtype).reshape(shape)


def pack_argument(argument) -> dict[str, Any]:
    """Returns an argument (array, number, text, counts, Handle or BuiltArgument) as JSON data."""
    match argument:
        case Tensor(array):
            return {"tensor": pack_array(array)}
        case Handle(key):
            return {"handle": key}
        case BuiltArgument(kind, arrays):
            return {"callable": kind, "arrays": [pack_array(array) for array in arrays]}
        case np.ndarray():
            return {"array": pack_array(argument)}
        case bool() | int():
            return {"count": argument}
        case float():
            return {"scalar": argument}
        case str():
            return {"text": argument}
        case tuple():
            return {"counts": list(argument)}
    raise TypeError(f"no way to send a {type(argument).__name__} to a student's function")


def pack_request(verb, path="", arguments=(), keywords=None, **options) -> dict[str, Any]:
    """Returns the request as JSON data, for `student_side.answer_request`.

    Args:
        verb: One of `student_side.VERBS`.
        path: What it is about: a name, or a handle's key and an attribute.
        arguments: By position, as `pack_argument` takes them.
        keywords: By name.
        options: JSON data that the verb takes besides.

    Raises:
        TypeError: If an argument is nothing that can be sent.
    """
    request = {
        "verb": verb,
        "path": path,
        "arguments": [pack_argument(argument) for argument in arguments],
    }
    request["keywords"] = {name: pack_argument(value) for name, value in (keywords or {}).items()}
    return request | options


def unpack_reply(packed) -> Reply:
    """Returns the `Reply` in `packed` (JSON, already parsed), or raises `Rejected`."""
    if not isinstance(packed, dict) or packed.get("status") not in STATUSES:
        raise Rejected(f"a reply must have a status out of {', '.join(STATUSES)}")
    if packed["status"] != "ok":
        line = packed.get("line")
        line = line if type(line) is int and 0 < line < 10**6 else None
        return Reply(
            packed["status"], kind=_text(packed, "kind"), line=line, text=_text(packed, "text")
        )
    if "handle" in packed:
        key = packed["handle"]
        if not isinstance(key, str) or not HANDLE.fullmatch(key):
            raise Rejected("a handle must be @ and a number")
        return Reply("ok", handle=Handle(key))
    if "mapping" in packed:
        return Reply("ok", mapping=_unpack_mapping(packed["mapping"]))
    values = packed.get("values")
    if not isinstance(values, list) or len(values) > MAX_ARRAYS:
        raise Rejected(f"a reply must hold at most {MAX_ARRAYS} arrays")
    _check_total_size(values)
    return Reply(
        "ok", values=tuple(None if value is None else unpack_array(value) for value in values)
    )


def _unpack_mapping(mapping) -> dict[str, np.ndarray]:
    is_small = isinstance(mapping, dict) and len(mapping) <= MAX_ARRAYS
    if not is_small or any(len(name) >= 200 for name in mapping):
        raise Rejected(f"a mapping must name at most {MAX_ARRAYS} arrays")
    _check_total_size(mapping.values())
    return {name: unpack_array(value) for name, value in mapping.items()}


def _check_total_size(values) -> None:
    texts = [value.get("data") for value in values if isinstance(value, dict)]
    if sum(decoded_size(text) for text in texts if isinstance(text, str)) > MAX_BYTES:
        raise Rejected(f"the arrays of a reply must not be larger than {MAX_BYTES} bytes together")


def decoded_size(data) -> int:
    """Returns how many bytes a text in base64 holds."""
    return 3 * len(data) // 4 - data[-2:].count("=")


def _text(packed, key) -> str:
    text = packed.get(key, "")
    if not isinstance(text, str):
        raise Rejected(f"{key} must be text")
    # A lone surrogate is no text that a file can hold.
    return text[:MAX_TEXT].encode("utf-8", "backslashreplace").decode()
