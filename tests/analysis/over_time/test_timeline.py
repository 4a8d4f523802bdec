"""Live bytes over time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.random_traces import traces
from tests.traces import USER, Frame, TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.over_time.timeline import resident_timeline, timeline
from ndmem.model.trace import Trace

LINE = (Frame(USER, 1),)
KIB = 1024


def arrays_of(trace: Trace, **options: int) -> list[tuple[float, int]]:
    """Return the times and the arrays' bytes of a timeline."""
    return [(point.time_s, point.live_nbytes) for point in timeline(TraceIndex(trace), **options)]


def test_the_highest_of_each_interval_stays() -> None:
    """Of events in one interval the highest is kept, at its own time; start and end frame them."""
    builder = TraceBuilder()
    first = builder.born(LINE, 5000, time_s=0.1)
    second = builder.born(LINE, 6000, time_s=0.2)
    builder.died(second, LINE, time_s=0.3)
    builder.died(first, LINE, time_s=0.9)
    trace = builder.build(duration_s=1.0)
    assert arrays_of(trace, points=5) == [(0.0, 0), (0.2, 11000), (0.9, 0), (1.0, 0)]
    assert arrays_of(trace) == [(0.0, 0), (0.1, 5000), (0.2, 11000), (0.3, 5000), (0.9, 0), (1.0, 0)]


def test_a_peak_of_small_buffers_is_kept() -> None:
    """A peak that no event shows stands at the event before it, or at the start."""
    builder = TraceBuilder()
    builder.born(LINE, 5000, time_s=0.25)
    builder.born(LINE, 10)
    assert arrays_of(builder.build(duration_s=1.0)) == [(0.0, 0), (0.25, 5010), (1.0, 5010)]
    small = TraceBuilder()
    small.died(small.born(LINE, 10), LINE)
    assert arrays_of(small.build(duration_s=1.0)) == [(0.0, 0), (0.0, 10), (1.0, 0)]


@pytest.mark.parametrize("points", [-5, 0, 1, 4])
def test_too_few_points_still_show_start_peak_and_end(points: int) -> None:
    """However few points are asked for, the start, the peak and the end are there."""
    builder = TraceBuilder()
    for number in range(10):
        builder.died(builder.born(LINE, 5000 + number, time_s=number), LINE, time_s=number + 0.5)
    assert arrays_of(builder.build(duration_s=10.0), points=points) == [(0.0, 0), (9.0, 5009), (10.0, 0)]


@given(traces(), st.integers(4, 12))
def test_it_reaches_the_peak_within_the_points(trace: Trace, points: int) -> None:
    """For any program the highest point is the peak, the last is the end, and times do not fall."""
    found = timeline(TraceIndex(trace), points=points)
    times = [point.time_s for point in found]
    assert max(point.live_nbytes for point in found) == trace.peak.nbytes
    assert found[-1].live_nbytes == trace.live_nbytes
    assert times == sorted(times)
    assert len(found) <= points


@given(traces(native=True), st.integers(8, 20))
def test_with_native_blocks_it_reaches_all_three_peaks(trace: Trace, points: int) -> None:
    """For any program the highest arrays, native blocks and sums are the peaks, each at one moment."""
    found = timeline(TraceIndex(trace), points=points)
    assert trace.native is not None
    assert trace.total is not None
    native = [point.native_nbytes or 0 for point in found]
    assert max(point.live_nbytes for point in found) == trace.peak.nbytes
    assert max(native) == trace.native.nbytes
    assert max(map(sum, zip((point.live_nbytes for point in found), native, strict=True))) == trace.total.nbytes
    assert (found[-1].live_nbytes, found[-1].native_nbytes) == (trace.live_nbytes, trace.native_live_nbytes)
    assert [point.time_s for point in found] == sorted(point.time_s for point in found)
    assert len(found) <= points


def test_native_blocks_stand_beside_arrays() -> None:
    """A point has both kinds at its moment; where native memory was not watched they are not known."""
    builder = TraceBuilder(native_threshold=KIB)
    builder.born(LINE, 5 * KIB, time_s=0.1)
    block = builder.native(LINE, 9 * KIB, time_s=0.2)
    builder.died(block, LINE, time_s=0.3)
    trace = builder.build(duration_s=1.0)
    assert timeline(TraceIndex(trace)) == (
        (0.0, 0, 0, 0), (0.1, 5 * KIB, 0, 0), (0.2, 5 * KIB, 9 * KIB, 0), (0.3, 5 * KIB, 0, 0), (1.0, 5 * KIB, 0, 0),
    )  # fmt: skip
    unwatched = TraceBuilder()
    unwatched.born(LINE, 5 * KIB, time_s=0.1)
    found = timeline(TraceIndex(unwatched.build()))
    assert {(point.native_nbytes, point.foreign_nbytes) for point in found} == {(None, None)}


def test_resident_samples_are_thinned_to_the_highest() -> None:
    """Of neighbouring samples the highest stays; without samples there is nothing."""
    samples = [(number, number % 7) for number in range(700)]
    trace = TraceBuilder().build(rss=samples)
    assert resident_timeline(TraceIndex(trace)) == tuple(samples)
    thinned = resident_timeline(TraceIndex(trace), points=100)
    assert [point.nbytes for point in thinned] == [6] * 100
    assert [point.time_s for point in thinned] == list(range(6, 700, 7))
    assert resident_timeline(TraceIndex(TraceBuilder().build())) == ()
