"""A damaged file of a trace is refused."""

import io
import json
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model.trace_files import EQUAL, TOGETHER, VALUES, rewrite
from tests.traces import USER, Frame, TraceBuilder

from ndmem.errors import TraceError
from ndmem.model.trace_file.reading import read_trace
from ndmem.model.trace_file.writing import write_trace


def test_every_truncation_is_refused(encoded: bytes) -> None:
    """A file cut anywhere raises a TraceError, never another exception."""
    for cut in range(0, len(encoded), 7):
        with pytest.raises(TraceError):
            read_trace(io.BytesIO(encoded[:cut]))


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_damage_is_refused_or_harmless(encoded: bytes, data: st.DataObject) -> None:
    """A file with any bytes changed is refused with a TraceError, or read into a trace whose indices hold."""
    damaged = bytearray(encoded)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read_trace(io.BytesIO(bytes(damaged)))
    except TraceError:
        return
    for node in range(len(found.tree)):
        found.stack(node)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("events/stack.npy", 10**6),
        ("events/stack.npy", -1),
        ("events/buffer.npy", 10**9),
        ("events/kind.npy", 7),
        ("tree/site.npy", 10**6),
        ("tree/parent.npy", 5),
        ("tree/parent.npy", -9),
        ("tree/domain.npy", 9),
        ("events/domain.npy", 9),
        ("events/nbytes.npy", -1),
        ("events/nbytes.npy", 2**57),
    ],
)
def test_columns_that_contradict_each_other_are_refused(encoded: bytes, column: str, value: int) -> None:
    """An index that leads nowhere is found when the file is read, not by a view later."""
    with zipfile.ZipFile(io.BytesIO(encoded)) as archive:
        array = np.load(io.BytesIO(archive.read(column))).copy()
    array[0] = value if value >= 0 or array.dtype.kind == "i" else 0
    data = io.BytesIO()
    np.lib.format.write_array(data, array, version=(1, 0))
    with pytest.raises(TraceError, match=r"range|parent|contradict"):
        read_trace(rewrite(encoded, column, data.getvalue()))


def watched() -> bytes:
    """The file of a program with an array, and a native block that dies."""
    builder, path = TraceBuilder(native_threshold=1024), (Frame(USER, 1),)
    builder.born(path, 5000)
    builder.died(builder.native(path, 2000), path)
    file = io.BytesIO()
    write_trace(builder.build(), file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("events/domain.npy", np.array([0, 1, 0], np.uint8), "that of its birth"),
        ("events/nbytes.npy", np.array([5000, 1999, 2000], np.int64), "more native bytes died"),
        ("rss/time_ns.npy", np.array([1], np.int64), "unequal"),
    ],
)
def test_native_columns_that_contradict_each_other_are_refused(column: str, values: np.ndarray, message: str) -> None:
    """Native bytes that never were, or change their domain, are found when the file is read."""
    data = io.BytesIO()
    np.lib.format.write_array(data, values, version=(1, 0))
    with pytest.raises(TraceError, match=message):
        read_trace(rewrite(watched(), column, data.getvalue()))


def test_absurd_sizes_are_refused_before_memory_is_taken(encoded: bytes) -> None:
    """A column header that claims 10**18 elements is an error, not an allocation."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<i8", "fortran_order": False, "shape": (10**18,)})
    with pytest.raises(TraceError, match="bytes"):
        read_trace(rewrite(encoded, "events/live.npy", header.getvalue()))


def test_a_description_without_end_is_refused(encoded: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A description that unpacks to more than a run's can be is refused before it is unpacked."""
    monkeypatch.setattr("ndmem.model.trace_file.reading._MAX_TEXT", 2**20)
    with pytest.raises(TraceError, match="more than 1048576 bytes"):
        read_trace(rewrite(encoded, "trace.json", b" " * 2**24))


def test_pickles_are_never_loaded(encoded: bytes) -> None:
    """A column of objects is refused by its dtype."""
    data = io.BytesIO()
    np.save(data, np.array([print], dtype=object))
    with pytest.raises(TraceError, match="dtype"):
        read_trace(rewrite(encoded, "events/live.npy", data.getvalue()))


@pytest.mark.parametrize(
    "change",
    [
        {"version": 3},
        {"format": "something else"},
        {"sites": [["a"]]},
        {"sites": {"a": 1}},
        {"run": None},
        {"peak": {"nbytes": "x", "stack": 0, "events": 0}},
        {"peak": {"nbytes": 1, "stack": 10**9, "events": 0}},
        {"holders": [{"buffer": 1}]},
        {"origin": "guessed"},
        {"sources": [1]},
        {"native": None},
        {"native": None, "total": None},
        {"total": 5},
        {"forms": {"99": {"shape": [1], "dtype": "int8"}}},
        {"forms": {"0": {"shape": [1]}}},
        {"forms": {"0": {"shape": 1, "dtype": "int8"}}},
        {"deep": {"values": [{**VALUES, "stacks": [10**6]}], "boxed": []}},
        {"deep": {"values": [{**VALUES, "low": "much"}], "boxed": []}},
        {"deep": {"values": [{"stacks": [0]}], "boxed": []}},
        {"deep": {"values": [], "boxed": [{"name": "x"}]}},
        {"deep": {"values": []}},
        {"before": 5},
        {"before": {"arrays": [], "count": -1, "nbytes": 0, "seconds": 0, "note": ""}},
        {"before": {"arrays": [], "count": 0, "nbytes": 0, "seconds": "nan", "note": ""}},
        {"before": {"arrays": [{"nbytes": 8, "shape": 5, "dtype": "f8", "holder": "x"}], "count": 1, "nbytes": 8}},
        {"deep": {"values": [], "boxed": [], "equal": [{"stacks": [0]}]}},
        {"deep": {"values": [], "boxed": [], "equal": [{**EQUAL, "stacks": [10**6]}]}},
        {"deep": {"values": [], "boxed": [], "equal": [{**EQUAL, "shape": 5}]}},
        {"deep": 5},
        {"origins": {"x": "lib.so"}},
        {"origins": {"99": "lib.so"}},
        {"rss_peak_nbytes": "much"},
        *({"together": together} for together in (5, {}, {**TOGETHER, "looks": None}, {**TOGETHER, "nbytes": -1})),
        *({"together": {**TOGETHER, **change}} for change in ({"more": 1}, {"files_nbytes": 1.5}, {"time_ns": 2**60})),
    ],
)
def test_a_wrong_description_is_refused(encoded: bytes, change: dict[str, object]) -> None:
    """Every field of the wrong type or version raises a TraceError that names the file."""
    with zipfile.ZipFile(io.BytesIO(encoded)) as archive:
        rest = json.loads(archive.read("trace.json"))
    with pytest.raises(TraceError):
        read_trace(rewrite(encoded, "trace.json", json.dumps({**rest, **change}).encode()))
