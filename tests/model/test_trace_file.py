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
from tests.model.trace_files import make_trace, rewrite
from tests.random_traces import traces

import ndmem
from ndmem.errors import TraceError
from ndmem.model.arrays_before import ArrayBefore, ArraysBefore
from ndmem.model.deep_facts import BoxedNumbers, DeepFacts, EqualArrays, ValueRange
from ndmem.model.holder import ArrayForm
from ndmem.model.machine_limit import MachineLimit
from ndmem.model.memory_request import MemoryRequest
from ndmem.model.rank import Rank
from ndmem.model.together import Together
from ndmem.model.trace import Samples, Trace
from ndmem.model.trace_file.reading import read_trace
from ndmem.model.trace_file.writing import write_trace


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
        deep=DeepFacts(
            tuple(ValueRange((node,), "int64", "uint8", 0, node, 1, 9) for node in range(0, len(found.tree), 2)),
            tuple(BoxedNumbers(f"{n}\udcff.py", "f", "x", "list", "int", n, 3 * n, n) for n, _ in rss),
            tuple(EqualArrays((node,), "f8", (node, 2), 5, 1, 9) for node in range(1, len(found.tree), 2)),
        ),
        before=ArraysBefore((ArrayBefore(born, (born, 3), "f8", "x['\udcff']"),), 3, 2**50, 0.25, "") if born else None,
        rss=Samples(*(np.array([sample[i] for sample in rss], np.int64) for i in (0, 1))),
        rss_peak_nbytes=born or None,
        together=Together(9, 12, 3 if born else None, None, 2, 7, 1) if len(rss) else None,
        run=dataclasses.replace(
            found.run,
            limit=MachineLimit("cgroup", "memory.max\udcff", 2**50, 0) if born else None,
            budget_nbytes=len(rss) or None,
            rank=Rank(born, born + 1 if len(rss) else None, "PMI", f"{born}\udcff" if born else None, "a\udcff"),
            request=MemoryRequest("--mem", 2**30, born) if born else None,
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


def test_an_archive_from_before_values_were_examined_has_none(trace: Trace, encoded: bytes) -> None:
    """A file without the field for values is read as a run whose values nothing examined."""
    with zipfile.ZipFile(io.BytesIO(encoded)) as archive:
        rest = json.loads(archive.read("trace.json"))
    del rest["deep"]
    assert read_trace(rewrite(encoded, "trace.json", json.dumps(rest).encode())) == trace


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
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "folder", tmp_path / "missing"):
        with pytest.raises(OSError, match=str(path)):
            ndmem.load(path)
