"""The largest arrays over time, stacked on each other."""

from hypothesis import given, settings
from tests.random_traces import traces
from tests.reporting.samples import MIB, pipeline
from tests.traces import USER, Frame, TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.live import live_buffers
from ndmem.analysis.over_time.bands import largest_arrays, stack_bands
from ndmem.analysis.over_time.lifetimes import array_lifetimes
from ndmem.model.trace import Domain, Trace

AT = (Frame(USER, 1),)


def test_a_band_moves_down_when_an_older_array_is_freed() -> None:
    """Of three arrays the middle one is freed: the third then lies on the first; the first never moves."""
    builder = TraceBuilder()
    builder.born(AT, 10 * MIB, time_s=1)
    second = builder.born(AT, 5 * MIB, time_s=2)
    builder.born(AT, 2 * MIB, time_s=3)
    builder.died(second, AT, time_s=4)
    lives = array_lifetimes(TraceIndex(builder.build(duration_s=9)))
    assert lives is not None
    second_ns = 1_000_000_000
    assert stack_bands(lives) == [
        [(second_ns, 0)],
        [(2 * second_ns, 10 * MIB)],
        [(3 * second_ns, 15 * MIB), (4 * second_ns, 10 * MIB)],
    ]
    assert lives.died_ns.tolist() == [9 * second_ns, 4 * second_ns, 9 * second_ns]
    assert lives.freed.tolist() == [False, True, False]


def test_moves_within_one_tick_are_one() -> None:
    """Two arrays freed at the same time move the third once, by both."""
    builder = TraceBuilder()
    older = [builder.born(AT, nbytes * MIB, time_s=1) for nbytes in (1, 2)]
    builder.born(AT, 4 * MIB, time_s=1)
    for handle in older:
        builder.died(handle, AT, time_s=2)
    lives = array_lifetimes(TraceIndex(builder.build()))
    assert lives is not None
    assert stack_bands(lives)[2] == [(1_000_000_000, 3 * MIB), (2_000_000_000, 0)]


def test_the_arrays_of_a_short_peak_are_among_the_largest() -> None:
    """A short peak has little area, but half of the places are for the arrays live at it; the others have most area."""
    builder = TraceBuilder()
    long = [builder.born(AT, nbytes * MIB, time_s=0) for nbytes in (1, 2, 3)]
    short = builder.born(AT, 90 * MIB, time_s=5)
    builder.died(short, AT, time_s=5)
    for handle in long:
        builder.died(handle, AT, time_s=9)
    index = TraceIndex(builder.build(duration_s=10))
    found = largest_arrays(index, limit=2)
    assert found is not None
    assert (found.nbytes // MIB).tolist() == [90, 3]
    everything = largest_arrays(index, limit=100)
    assert everything is not None
    assert sorted((everything.nbytes // MIB).tolist()) == [1, 2, 3, 90]


def test_without_deallocations_nothing_is_known() -> None:
    """If events were dropped, an array without a deallocation may have been freed: there are no lifetimes."""
    builder = TraceBuilder()
    builder.born(AT, MIB)
    index = TraceIndex(builder.build(dropped=1))
    assert array_lifetimes(index) is None
    assert largest_arrays(index, limit=9) is None


@settings(max_examples=60, deadline=None)
@given(traces(native=True))
def test_bands_never_overlap_and_their_arrays_are_those_of_the_trace(trace: Trace) -> None:
    """For any program the arrays live at the peak are in the lifetimes, and bands stand on each other without a gap."""
    index = TraceIndex(trace)
    lives = array_lifetimes(index)
    assert lives is not None
    until = trace.peak.events
    at_peak = {
        buffer for buffer, born, died in zip(lives.buffer, lives.born, lives.died, strict=True) if born < until <= died
    }
    assert at_peak == {each.buffer for each in live_buffers(index)}
    steps = stack_bands(lives)
    for time_ns in {time for moves in steps for time, _ in moves}:
        standing = sorted(
            (bottom, nbytes)
            for moves, nbytes, born_ns, died_ns, freed in zip(
                steps, lives.nbytes.tolist(), lives.born_ns, lives.died_ns, lives.freed, strict=True
            )
            if born_ns <= time_ns and (time_ns < died_ns or not freed)
            for bottom in [[bottom for time, bottom in moves if time <= time_ns][-1]]
        )
        top = 0
        for bottom, nbytes in standing:
            assert bottom == top
            top += nbytes
    assert all(trace.events.domain[born] == Domain.ARRAY for born in lives.born)


def test_the_arrays_of_a_pipeline() -> None:
    """The five large arrays of the example have lifetimes, and the thousand small ones do not."""
    lives = array_lifetimes(TraceIndex(pipeline()))
    assert lives is not None
    assert (lives.nbytes // MIB).tolist() == [200, 1, 200, 200, 200]
    assert len(lives) == 5
