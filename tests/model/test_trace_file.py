"""A trace as a file, and the rejection of other files."""

import dataclasses
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.traces import USER, Frame, TraceBuilder, traces

import ndmem
from ndmem.errors import TraceError
from ndmem.model.holder import ArrayForm
from ndmem.model.machine_limit import MachineLimit
from ndmem.model.together import Together
from ndmem.model.trace import Samples, Trace
from ndmem.model.trace_file.reading import read_trace
from ndmem.model.trace_file.writing import write_trace

TOGETHER = dataclasses.asdict(Together(9, 12, 3, 4, 2, 7, 1))


def make_trace() -> Trace:
    """A trace of this very function, with events, counters, a view and a survivor."""
    with ndmem.track() as run:
        a = np.zeros(10_000)
        view = a[:10]
        b = [np.zeros(3) for _ in range(5)]
        del a
    assert view.base is not None
    assert len(b) == 5
    return run.trace


@pytest.fixture(scope="module")
def trace() -> Trace:
    """One trace for all tests, which do not change it."""
    return make_trace()


@pytest.fixture(scope="module")
def encoded(trace: Trace) -> bytes:
    """The trace as the bytes of a file."""
    file = io.BytesIO()
    write_trace(trace, file)
    return file.getvalue()


def rewrite(encoded: bytes, member: str, data: bytes) -> io.BytesIO:
    """The file with one member replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(encoded)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, data if name == member else old.read(name))
    out.seek(0)
    return out


def test_a_trace_survives_its_file(trace: Trace, encoded: bytes) -> None:
    """Decoding what was encoded gives an equal trace."""
    assert len(trace.holders) >= 1
    assert read_trace(io.BytesIO(encoded)) == trace


@settings(deadline=None, max_examples=50)
@given(found=traces(native=True), rss=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2**40)), max_size=3))
def test_any_trace_with_native_blocks_survives_its_file(found: Trace, rss: list[tuple[int, int]]) -> None:
    """For any program decoding what was encoded gives an equal trace, with origins and samples."""
    born = int(np.count_nonzero(found.events.kind == 0))
    found = dataclasses.replace(
        found,
        origins={buffer: f"lib{buffer}\udcff.so" for buffer in range(0, born, 2)},
        forms={buffer: ArrayForm((buffer, 3), "float64") for buffer in range(0, born, 3)},
        rss=Samples(*(np.array([sample[i] for sample in rss], np.int64) for i in (0, 1))),
        rss_peak_nbytes=born or None,
        together=Together(9, 12, 3 if born else None, None, 2, 7, 1) if len(rss) else None,
        run=dataclasses.replace(
            found.run,
            limit=MachineLimit("cgroup", "memory.max\udcff", 2**50, 0) if born else None,
            budget_nbytes=len(rss) or None,
        ),
    )
    file = io.BytesIO()
    write_trace(found, file)
    file.seek(0)
    assert read_trace(file) == found


def test_an_archive_of_version_1_is_a_run_without_native_memory(trace: Trace, encoded: bytes) -> None:
    """What version 1 had no member or field for is not known, and the rest is read."""
    added = (
        "tree/domain.npy",
        "tallies/max_native.npy",
        "tallies/at_total_peak.npy",
        "rss/time_ns.npy",
        "rss/nbytes.npy",
    )
    old = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(encoded)) as new, zipfile.ZipFile(old, "w") as archive:
        rest = json.loads(new.read("trace.json"))
        for name in ("native", "total", "origins", "rss_peak_nbytes"):
            del rest[name]
        del rest["run"]["native_threshold"]
        archive.writestr("trace.json", json.dumps({**rest, "version": 1}))
        for name in new.namelist():
            if name not in added and name != "trace.json":
                archive.writestr(name, new.read(name))
    old.seek(0)
    found = read_trace(old)
    assert found.native is found.total is found.rss_peak_nbytes is found.run.native_threshold is None
    assert (found.peak, found.live_nbytes, found.total_nbytes) == (trace.peak, trace.live_nbytes, trace.total_nbytes)
    assert set(found.tallies.max_native.tolist()) == {-1}


def test_a_file_without_the_limit_is_read(trace: Trace, encoded: bytes) -> None:
    """The first ndmems did not record what was allowed: it is not known then, and the rest is the same."""
    with zipfile.ZipFile(io.BytesIO(encoded)) as archive:
        rest = json.loads(archive.read("trace.json"))
    del rest["run"]["limit"], rest["run"]["budget_nbytes"]
    found = read_trace(rewrite(encoded, "trace.json", json.dumps(rest).encode()))
    assert (found.run.limit, found.run.budget_nbytes) == (None, None)
    assert found == dataclasses.replace(trace, run=dataclasses.replace(trace.run, limit=None))


@pytest.mark.parametrize(
    "damage",
    [
        {"limit": {"source": "RAM", "name": "", "nbytes": -1, "free_nbytes": 0}},
        {"limit": {"source": "RAM", "name": "", "nbytes": 1.5, "free_nbytes": 0}},
        {"limit": {"source": "RAM", "name": "", "nbytes": 2**57, "free_nbytes": 0}},
        {"limit": {"source": "RAM"}},
        {"limit": 7},
        {"budget_nbytes": -1},
        {"budget_nbytes": "much"},
    ],
)
def test_a_limit_that_cannot_be_is_refused(encoded: bytes, damage: dict[str, object]) -> None:
    """What no machine and no user can have allowed is found when the file is read."""
    with zipfile.ZipFile(io.BytesIO(encoded)) as archive:
        rest = json.loads(archive.read("trace.json"))
    rest["run"] |= damage
    with pytest.raises(TraceError, match="damaged"):
        read_trace(rewrite(encoded, "trace.json", json.dumps(rest).encode()))


def test_anybody_can_read_the_columns(trace: Trace, encoded: bytes) -> None:
    """The file is an npz archive: NumPy alone reads the columns."""
    columns = np.load(io.BytesIO(encoded))
    assert columns["events/nbytes"].tolist() == trace.events.nbytes.tolist()


def test_a_different_trace_is_not_equal(trace: Trace, encoded: bytes) -> None:
    """Equality looks into the columns."""
    assert make_trace() != trace
    assert read_trace(io.BytesIO(encoded)) == read_trace(io.BytesIO(encoded))
    assert trace != "trace"


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
        {"native": {"nbytes": 1, "stack": 0, "events": 0}},
        {"native": {"nbytes": 1, "stack": 0, "events": 0}, "total": {"nbytes": 1, "stack": 0, "events": 0}},
        {"total": 5},
        {"forms": {"99": {"shape": [1], "dtype": "int8"}}},
        {"forms": {"0": {"shape": [1]}}},
        {"forms": {"0": {"shape": 1, "dtype": "int8"}}},
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


def test_a_file_from_before_processes_were_looked_at_together_is_read(trace: Trace, encoded: bytes) -> None:
    """A file of version 2 without that field is the trace of which it is not known."""
    with zipfile.ZipFile(io.BytesIO(encoded)) as archive:
        rest = json.loads(archive.read("trace.json"))
    assert rest.pop("together") is None
    assert read_trace(rewrite(encoded, "trace.json", json.dumps(rest).encode())) == trace


def test_the_version_is_named(encoded: bytes) -> None:
    """A newer file says which format it has and what to do."""
    with zipfile.ZipFile(io.BytesIO(encoded)) as archive:
        rest = json.loads(archive.read("trace.json"))
    with pytest.raises(TraceError, match=r"format 99.*newer ndmem"):
        read_trace(rewrite(encoded, "trace.json", json.dumps({**rest, "version": 99}).encode()))


def test_names_that_are_no_text_survive(tmp_path: Path, trace: Trace) -> None:
    """A filename with undecodable bytes, as surrogates, is written and read."""
    hostile = dataclasses.replace(trace.sites[0], filename="bad\udcff\x1b[31m.py")
    changed = dataclasses.replace(trace, sites=(hostile, *trace.sites[1:]))
    write_trace(changed, tmp_path / "t.ndmem")
    assert read_trace(tmp_path / "t.ndmem") == changed


def test_other_files_are_refused(tmp_path: Path) -> None:
    """An empty file, a foreign one, a folder and a missing one each raise an error that names them."""
    empty, text = tmp_path / "empty.ndmem", tmp_path / "text.ndmem"
    empty.write_bytes(b"")
    text.write_text("hello")
    for path in (empty, text):
        with pytest.raises(TraceError, match=path.name):
            ndmem.load(path)
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(OSError, match=str(path)):
            ndmem.load(path)
