"""The tracker against an independent oracle, tracemalloc's NumPy domain, on random programs."""

import io
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tracking.array_programs import VERBS, Step, execute, programs
from tests.truth.oracle import ArrayMemory, watch_arrays

import ndmem
from ndmem.api import TrackedRun
from ndmem.model.columns import Domain
from ndmem.model.trace import Kind, Trace
from ndmem.model.trace_file.reading import read_trace
from ndmem.model.trace_file.writing import write_trace

EXACT = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    """What NumPy makes once, at the first use of a function, is made before anything is compared."""
    execute([Step(verb, 0, 1, 2, 100) for verb in VERBS])


def measure(steps: list[Step], threshold: int = 4096) -> tuple[TrackedRun, ArrayMemory, list[np.ndarray]]:
    """Execute a program under the tracker, inside the oracle."""
    with watch_arrays() as seen, ndmem.track(threshold=threshold) as run:
        registers = execute(steps)
    return run, seen, registers


@pytest.mark.long
@EXACT
@given(programs, st.sampled_from([1, 100, 4096, 2**20]))
def test_peak_and_live_equal_the_oracles(steps: list[Step], threshold: int) -> None:
    """Peak, live and total bytes and the number of buffers equal the oracle's, to the byte, at any threshold."""
    run, seen, registers = measure(steps, threshold)
    trace = run.trace
    assert (run.peak, run.live) == (seen.peak_nbytes, seen.live_nbytes)
    assert (trace.peak.nbytes, trace.live_nbytes) == (seen.peak_nbytes, seen.live_nbytes)
    assert (trace.total_nbytes, trace.dropped) == (seen.total_nbytes, 0)
    assert int(trace.tallies.count[trace.tree.domain == Domain.ARRAY].sum()) == seen.births
    owned = {id(r if r.base is None else r.base): (r if r.base is None else r.base).nbytes for r in registers}
    assert run.live >= sum(owned.values())


@pytest.mark.parametrize("verb", VERBS)
def test_each_operation_alone_agrees(verb: str) -> None:
    """Peak, live and total of each single operation equal the oracle's."""
    run, seen, _ = measure([Step("arange", 1, 0, 0, 700), Step(verb, 0, 1, 2, 1234)])
    assert (run.peak, run.live, run.trace.total_nbytes) == (seen.peak_nbytes, seen.live_nbytes, seen.total_nbytes)


@pytest.mark.long
@EXACT
@given(programs)
def test_a_saved_trace_is_the_same(steps: list[Step]) -> None:
    """A trace that was written and read again is equal, and its tallies sum to the peak and to what is alive."""
    trace = measure(steps)[0].trace
    file = io.BytesIO()
    write_trace(trace, file)
    file.seek(0)
    assert read_trace(file) == trace
    assert int(trace.tallies.at_peak.sum()) == trace.peak.nbytes
    assert int(trace.tallies.live.sum()) == trace.live_nbytes
    assert (trace.tallies.at_peak >= 0).all()
    assert (trace.tallies.at_peak <= trace.tallies.total).all()


def replay(trace: Trace) -> tuple[list[int], dict[int, int], dict[int, int]]:
    """Return live bytes after each event, and the composition at the peak and at the end, summed one by one."""
    live, most, births = 0, 0, 0
    series: list[int] = []
    born: dict[int, tuple[int, int]] = {}
    holding: dict[int, int] = defaultdict(int)
    at_peak: dict[int, int] = {}
    columns = (trace.events.kind, trace.events.stack, trace.events.buffer, trace.events.nbytes)
    for kind, stack, buffer, nbytes in zip(*(column.tolist() for column in columns), strict=True):
        if kind == Kind.BORN:
            assert buffer == births
            births += 1
            born[buffer] = (stack, nbytes)
            holding[stack] += nbytes
            live += nbytes
        else:
            birth, known = born.pop(buffer)
            assert known == nbytes
            holding[birth] -= nbytes
            live -= nbytes
        series.append(live)
        if live > most:
            most, at_peak = live, dict(holding)
    return series, {k: v for k, v in at_peak.items() if v}, {k: v for k, v in holding.items() if v}


@pytest.mark.long
@EXACT
@given(programs)
def test_events_replayed_by_hand_are_the_trace(steps: list[Step]) -> None:
    """Where every buffer is an event, adding them up gives live bytes at each event, the peak and its composition."""
    trace = measure(steps, threshold=1)[0].trace
    series, at_peak, at_end = replay(trace)
    assert series == trace.events.live.tolist()
    assert max(series, default=0) == trace.peak.nbytes
    assert series[trace.peak.events - 1] == trace.peak.nbytes
    assert at_peak == {i: n for i, n in enumerate(trace.tallies.at_peak.tolist()) if n}
    assert at_end == {i: n for i, n in enumerate(trace.tallies.live.tolist()) if n}
    assert (np.diff(trace.events.time_ns) >= 0).all()


@settings(max_examples=20, deadline=None)
@given(programs)
def test_tracking_changes_no_result(steps: list[Step]) -> None:
    """A program's arrays are the same bytes with and without tracking."""
    plain = execute(steps)
    tracked = measure(steps)[2]
    for a, b in zip(plain, tracked, strict=True):
        assert (a.shape, a.dtype, a.strides) == (b.shape, b.dtype, b.strides)
        np.testing.assert_array_equal(a, b)


def test_a_file_holds_the_same(tmp_path: Path) -> None:
    """``run.save`` and ``ndmem.load`` give the trace back."""
    run = measure([Step("chain", 0, 1, 2, 2000), Step("big", 1, 0, 0, 1)])[0]
    run.save(tmp_path / "a.ndmem")
    assert ndmem.load(tmp_path / "a.ndmem").trace == run.trace
