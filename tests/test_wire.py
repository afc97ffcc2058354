import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from vikit.protocol import student_side, wire

GOOD = wire.pack_array(np.ones((2, 3), np.float32))


@given(arrays.arrays(st.sampled_from(wire.DTYPES), arrays.array_shapes(min_dims=0, min_side=0)))
def test_an_array_survives_the_wire_to_the_last_bit(array):
    packed = json.loads(json.dumps(wire.pack_array(array)))
    got = wire.unpack_array(packed)
    assert got.dtype == array.dtype
    assert got.shape == array.shape
    assert got.tobytes() == array.tobytes()


@pytest.mark.parametrize(
    "packed",
    [
        None,
        [],
        {},
        {"dtype": "float32", "shape": [2]},
        GOOD | {"extra": 1},
        GOOD | {"dtype": "object"},
        GOOD | {"dtype": "O"},
        GOOD | {"dtype": ["float32"]},
        GOOD | {"shape": [2, 4]},
        GOOD | {"shape": [-2, -3]},
        GOOD | {"shape": [2.0, 3.0]},
        GOOD | {"shape": [True, 6]},
        GOOD | {"shape": "23"},
        GOOD | {"shape": [1] * 9},
        GOOD | {"shape": [2**40, 2**40]},
        # No elements and no bytes, but axes along which a mean or a sum would be huge.
        {"dtype": "float32", "shape": [0, wire.MAX_BYTES], "data": ""},
        {"dtype": "float32", "shape": [wire.MAX_BYTES, 0], "data": ""},
        {"dtype": "bool", "shape": [2**12, 0, 2**12], "data": ""},
        GOOD | {"data": "not base64 but as long as it is "},
        GOOD | {"data": GOOD["data"] + "AAAA"},
        GOOD | {"data": 7},
        # As long as four bytes with their padding are, and six without.
        {"dtype": "float32", "shape": [1], "data": "AAAAAAAA"},
    ],
)
def test_what_is_no_array_is_rejected(packed):
    with pytest.raises(wire.Rejected):
        wire.unpack_array(packed)


@pytest.mark.parametrize(
    "reply",
    [
        None,
        "ok",
        {},
        {"status": "correct"},
        {"status": ["ok"]},
        {"status": "ok"},
        {"status": "ok", "values": "array"},
        {"status": "ok", "values": [GOOD] * (wire.MAX_ARRAYS + 1)},
        {"status": "ok", "values": [3.0]},
        {"status": "ok", "mapping": [GOOD]},
        {"status": "ok", "mapping": {"x" * 300: GOOD}},
        {"status": "ok", "handle": 3},
        {"status": "error", "kind": 3},
    ],
)
def test_what_is_no_reply_is_rejected(reply):
    with pytest.raises(wire.Rejected):
        wire.unpack_reply(reply)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
NEARLY = st.fixed_dictionaries(
    {"status": st.sampled_from([*wire.STATUSES, "correct"]) | JSON},
    optional={
        "values": st.lists(st.just(GOOD) | JSON, max_size=3) | JSON,
        "mapping": st.dictionaries(st.text(max_size=5), st.just(GOOD) | JSON, max_size=3) | JSON,
        "handle": JSON,
        "kind": JSON,
        "line": JSON,
        "text": JSON,
    },
)


# Arrays with one thing or another wrong: a field that is missing,
# of another type, of another length.
ALMOST = st.fixed_dictionaries(
    {}, optional={key: st.just(value) | JSON for key, value in GOOD.items()}
)
REPLIES = (
    JSON
    | NEARLY
    | st.fixed_dictionaries({"status": st.just("ok"), "values": st.lists(ALMOST, max_size=3)})
)


@settings(max_examples=300, deadline=None)
@given(REPLIES)
def test_any_json_is_a_reply_or_rejected(reply):
    reply_or_rejected(reply)


@pytest.mark.soak
@settings(max_examples=100_000, deadline=None)
@given(REPLIES)
def test_any_of_100000_replies_is_one_or_rejected(reply):
    reply_or_rejected(reply)


def reply_or_rejected(reply):
    try:
        got = wire.unpack_reply(reply)
    except wire.Rejected:
        return
    assert got.status in wire.STATUSES
    assert all(value is None or type(value) is np.ndarray for value in got.values)


def test_text_from_a_student_is_cut():
    reply = wire.unpack_reply({"status": "error", "kind": "E", "text": "x" * 10**6, "line": 10**9})
    assert len(reply.text) == wire.MAX_TEXT
    assert reply.line is None


def test_an_argument_of_another_type_is_refused():
    with pytest.raises(TypeError, match="no way to send a dict"):
        wire.pack_argument({})


LARGE = np.zeros(wire.MAX_BYTES // 4 - 1, np.float32)
AS_REPLIES = {
    "values": lambda arrays: {"status": "ok", "values": arrays},
    "mapping": lambda arrays: {"status": "ok", "mapping": dict(zip("abc", arrays, strict=False))},
}


@pytest.mark.parametrize("form", AS_REPLIES)
def test_arrays_that_are_too_large_together_are_rejected(form):
    packed = wire.pack_array(LARGE)
    assert wire.unpack_reply(AS_REPLIES[form]([packed])).status == "ok"
    with pytest.raises(wire.Rejected, match="together"):
        wire.unpack_reply(AS_REPLIES[form]([packed, packed]))


@pytest.mark.parametrize("last", [0, 1, 2, 3])
@pytest.mark.parametrize("form", AS_REPLIES)
def test_a_reply_may_have_as_many_bytes_as_it_says_and_not_one_more(form, last):
    sizes = wire.MAX_BYTES // 2, wire.MAX_BYTES // 2 - last, last
    packed = [wire.pack_array(np.zeros(size, bool)) for size in sizes]
    assert wire.unpack_reply(AS_REPLIES[form](packed)).status == "ok"
    more = wire.pack_array(np.zeros(last + 1, bool))
    with pytest.raises(wire.Rejected, match=f"not be larger than {wire.MAX_BYTES} bytes together"):
        wire.unpack_reply(AS_REPLIES[form]([*packed[:2], more]))


def test_what_may_just_be_received_is_just_sent():
    half = np.zeros(wire.MAX_BYTES // 2, bool)
    assert student_side.pack_result(None, [half, half], 2)["status"] == "ok"
    assert student_side.pack_result(None, [half, half, half[:1]], 3) == {
        "status": "malformed",
        "kind": wire.TOO_LARGE,
    }


@given(st.integers(0, 50))
def test_the_bytes_of_a_text_are_those_of_its_array(size):
    assert wire.decoded_size(wire.pack_array(np.zeros(size, bool))["data"]) == size


def test_arrays_that_are_too_large_together_are_not_sent():
    (packed,) = student_side.pack_result(None, [LARGE], 1)["values"]
    assert packed == wire.pack_array(LARGE)
    assert student_side.pack_result(None, [LARGE, LARGE[:9]], 2) == {
        "status": "malformed",
        "kind": wire.TOO_LARGE,
    }
