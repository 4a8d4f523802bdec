"""The native core through `ndmem.track`: bytes, peaks, threads, nesting, forks."""

import _tracemalloc
import tracemalloc
import types

import numpy as np
import pytest

import ndmem
from ndmem import _native
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.live import Moment, live_buffers
from ndmem.model.columns import Domain

ARRAY_DOMAIN = 389047


def array_domain_nbytes() -> int:
    """Live bytes of NumPy's tracemalloc domain."""
    return sum(nbytes for domain, nbytes, *_ in _tracemalloc._get_traces() if domain == ARRAY_DOMAIN)


def test_live_and_peak_are_the_bytes_of_the_arrays() -> None:
    """Live bytes and peak are those that shapes and dtypes give: 8 × 1000 each, and 2 arrays at once."""
    with ndmem.track() as run:
        a = np.zeros(1000)
        b = np.zeros(1000)
        del a
        c = np.zeros(500)
    assert run.live == 12000
    assert run.peak == 16000
    assert b.size + c.size == 1500


def test_live_equals_tracemallocs_domain_at_any_moment() -> None:
    """Live bytes equal tracemalloc's NumPy domain to the byte after each operation."""
    tracemalloc.start()
    try:
        with ndmem.track() as run:
            kept = []
            for n in (0, 1, 3, 1000, 100_000):
                kept.append(np.arange(n) * 2.5)
                assert run.live == array_domain_nbytes()
                kept.append(np.fromiter(range(n), float))  # grows by realloc
                assert run.live == array_domain_nbytes()
            kept.clear()
            assert run.live == array_domain_nbytes() == 0
    finally:
        tracemalloc.stop()


def test_buffers_born_before_are_ignored() -> None:
    """The death of an array that was there before the start changes nothing."""
    old = np.ones(100_000)
    with ndmem.track() as run:
        del old
        new = np.ones(10)
    assert run.live == new.nbytes
    assert len(run.trace.events) == 0


def test_nothing_tracked_records_nothing() -> None:
    """A run without arrays has no events, a peak of zero, and of nodes the root of native blocks alone."""
    with ndmem.track() as run:
        sum(range(10))
    assert (run.peak, run.live, len(run.trace.events), len(run.trace.tree)) == (0, 0, 0, 1)
    assert run.trace.tree.domain[0] == Domain.NATIVE
    assert run.trace.peak.stack == -1


def test_start_and_stop_any_number_of_times() -> None:
    """A run can be started again; each time counts anew."""
    run = ndmem.track()
    for n in range(1, 50):
        run.start()
        a = np.zeros(n * 1000)
        run.stop()
        assert run.live == n * 8000
        assert a.nbytes == n * 8000


def test_a_nested_run_is_a_view_with_its_own_start() -> None:
    """Inside a tracked block another one sees only its own time, to the byte, and the outer one sees all."""
    with ndmem.track() as outer:
        a = np.zeros(1000)
        small = np.zeros(10)
        with ndmem.track() as inner:
            del a, small  # born before the inner start: not its business
            b = np.zeros(2000)
        c = np.zeros(3000)
    assert (inner.live, inner.peak) == (16000, 16000)
    assert (outer.live, outer.peak) == (40000, 40000)
    assert inner.trace.total_nbytes == 16000
    assert [int(n) for n in inner.trace.events.nbytes] == [16000]
    assert b.nbytes + c.nbytes == 40000


def test_overlapping_runs_are_independent() -> None:
    """Runs that overlap without nesting count what was born in their own time, small buffers too."""
    first, second = ndmem.track().start(), ndmem.track()
    a = np.zeros(100)
    second.start()
    b = np.zeros(200)
    first.stop()
    c = np.zeros(400)
    del a, b
    second.stop()
    assert (first.live, first.peak) == (2400, 2400)
    assert (second.live, second.peak) == (3200, 4800)
    assert c.nbytes == 3200


@pytest.mark.long
def test_more_nested_starts_than_generations() -> None:
    """After 65,535 nested starts the outer run still knows its buffers, and the next inner run only its own."""
    with ndmem.track() as outer:
        a = np.zeros(10)
        for _ in range(66_000):
            inner = _native.Recording(4096)
            inner.start()
            inner.stop()
        with ndmem.track() as last:
            del a
            b = np.zeros(20)
    assert (outer.live, outer.peak) == (160, 160)
    assert (last.live, last.peak) == (160, 160)
    assert b.nbytes == 160


def test_another_threshold_inside_is_refused() -> None:
    """A nested run cannot have a threshold of its own, and says which one is in force."""
    with ndmem.track(threshold="1 KiB"):
        with pytest.raises(ndmem.TrackingError, match="1024"):
            ndmem.track(threshold=4096).start()
        with ndmem.track() as inner:
            a = np.zeros(128)
    assert len(inner.trace.events) == 1
    assert a.nbytes == 1024


@pytest.mark.parametrize("threshold", [0, 1, 800, 801, 2**30])
def test_the_threshold_moves_buffers_between_events_and_counters_only(threshold: int) -> None:
    """Whatever is an event, peak, live, totals and the composition of the peak are the same."""
    with ndmem.track(threshold=threshold) as run:
        a = [np.zeros(100) for _ in range(10)]
        del a[:5]
    trace = run.trace
    assert (run.peak, run.live, trace.total_nbytes) == (8000, 4000, 8000)
    assert int(trace.tallies.at_peak.sum()) == 8000
    assert len(trace.events) == (15 if threshold <= 800 else 0)


@pytest.mark.parametrize("bad", [-1, "x", 2**31, 2.5])
def test_a_threshold_of_nonsense_is_refused(bad: object) -> None:
    """A threshold that is no count of bytes, or is too large, raises an error of ours and tracks nothing."""
    with pytest.raises(ndmem.NdmemError):
        ndmem.track(threshold=bad).start()  # type: ignore[arg-type]  # wrong types are the point
    assert _native.running_threshold() == 0


def test_the_peaks_composition_sums_to_the_peak() -> None:
    """Live bytes per stack at the peak sum to the peak, though the stacks went up and down around it."""
    with ndmem.track() as run:
        for n in (3000, 9000, 5000):
            a = np.zeros(n)
            b = [np.zeros(n // 100) for _ in range(20)]
            del a, b
    tallies = run.trace.tallies
    assert int(tallies.at_peak.sum()) == run.peak == 9000 * 8 + 20 * 90 * 8
    assert int(tallies.live.sum()) == run.live == 0


def test_an_exception_leaves_the_run_stopped_and_passes() -> None:
    """An exception in the block passes unchanged, and tracking has ended."""
    error = KeyError("theirs")
    run = ndmem.track()
    with pytest.raises(KeyError) as caught, run:
        raise error
    assert caught.value is error
    assert _native.running_threshold() == 0


def test_a_pending_exception_survives_new_places() -> None:
    """A buffer that dies while an exception is on its way does not disturb it, also at a place never seen."""

    def fail() -> None:
        a = np.zeros(10_000)
        raise ZeroDivisionError(str(a.size))

    with ndmem.track(), pytest.raises(ZeroDivisionError, match="10000"):
        fail()


def test_numpys_refusal_passes() -> None:
    """An allocation that NumPy cannot make raises its own MemoryError and is not counted."""
    with ndmem.track() as run, pytest.raises(MemoryError, match="Unable to allocate"):
        np.empty(2**60, np.uint8)
    assert (run.peak, run.live) == (0, 0)


def test_out_of_order_use_is_an_error() -> None:
    """Stopping or reading what was never started, and starting twice, say so."""
    run = ndmem.track()
    with pytest.raises(ndmem.TrackingError, match="start"):
        run.stop()
    with pytest.raises(ndmem.TrackingError, match="start"):
        _ = run.trace
    with run, pytest.raises(ndmem.TrackingError, match="already"):
        run.start()


def test_a_running_trace_can_be_read() -> None:
    """The trace of a run that goes on is that of the moment, and does not change afterwards."""
    with ndmem.track() as run:
        a = np.zeros(1000)
        early = run.trace
        b = np.zeros(1000)
    assert early.live_nbytes == a.nbytes
    assert run.trace.live_nbytes == a.nbytes + b.nbytes
    assert run.trace is run.trace


def test_a_lost_name_is_not_shown() -> None:
    """A variable that was bound to another array no longer holds the first, which only its slice keeps alive."""
    kept = []
    with ndmem.track() as run:
        for n in range(3):
            message = np.zeros(10_000 + n)
            kept.append(message[:10])
        del message
    at_end = {buffer.nbytes: buffer.holder for buffer in live_buffers(TraceIndex(run.trace), Moment.END)}
    assert [(at_end[80_000 + 8 * n].name, at_end[80_000 + 8 * n].is_view) for n in range(3)] == [
        (f"kept[{n}]", True) for n in range(3)
    ]
    with ndmem.track() as run:
        hidden = types.ModuleType("hidden")  # no search goes through a module that is not imported
        hidden.array = np.zeros(10_000)
        np.zeros(5000)
        array = np.zeros(20_000)
        hidden.array = array
        del array
    assert [buffer.holder for buffer in live_buffers(TraceIndex(run.trace), Moment.END)] == [None]
    assert hidden.array.size == 20_000


def test_buffers_are_found_by_their_address() -> None:
    """While tracking, a data pointer leads to its buffer; without, to nothing."""
    with ndmem.track():
        a = np.zeros(1000)
        assert _native.buffer_at(a.ctypes.data)[:2] == (a.ctypes.data, 8000)
        assert _native.buffer_at(a.ctypes.data + 8) is None
    assert _native.buffer_at(a.ctypes.data) is None


@pytest.mark.long
def test_endless_new_code_is_counted_with_its_caller() -> None:
    """A program that makes new code for ever fills a bounded tree; no byte is lost, and the report says so."""
    with ndmem.track() as run:
        for _ in range(140_000):
            eval("np.empty(3)", {"np": np})
    assert run.trace.total_nbytes == 140_000 * 24
    assert int(run.trace.tallies.count.sum()) == 140_000
    assert len(run.trace.tree) < 2**18
    assert any("counted with their callers" in note for note in run.trace.run.notes)


def test_a_million_live_small_arrays_balance() -> None:
    """Many small buffers are counted exactly, in number and bytes, and forgotten exactly."""
    with ndmem.track() as run:
        kept = [np.empty(3) for _ in range(100_000)]
        assert run.live == 24 * 100_000
        assert int(run.trace.tallies.count[run.trace.tree.domain == Domain.ARRAY].sum()) == 100_000
        del kept[::2]
        assert run.live == 24 * 50_000
        del kept
        assert run.live == 0
