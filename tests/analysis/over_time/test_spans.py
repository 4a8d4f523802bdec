"""Groups of arrays by their stack and by the moments at which they are live."""

from hypothesis import given, settings
from tests.random_traces import traces
from tests.traces import USER, Frame, TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.live import find_live
from ndmem.analysis.over_time.spans import group_spans
from ndmem.analysis.over_time.timeline import timeline_moments
from ndmem.model.trace import Trace


def test_equal_arrays_of_a_line_are_one_group() -> None:
    """Two arrays of a line live at the same moments are one group; others that stay are not in it."""
    builder = TraceBuilder()
    at = (Frame(USER, 1),)
    first, second = builder.born(at, 5000, time_s=1), builder.born(at, 6000, time_s=1)
    builder.born(at, 7000, time_s=1)
    for handle in (first, second):
        builder.died(handle, at, time_s=5)
    builder.born(at, 20_000, time_s=5)
    index = TraceIndex(builder.build(duration_s=9))
    spans = group_spans(index, points=100, limit=10)
    assert spans is not None
    # Moments: the start, the highest at 1 s, the highest at 5 s, the end.
    assert len(timeline_moments(index, points=100)) == 4
    assert [spans.nbytes.tolist(), spans.count.tolist()] == [[20_000, 11_000, 7000], [1, 2, 1]]
    assert [spans.first.tolist(), spans.last.tolist()] == [[2, 1, 1], [4, 2, 4]]
    largest = group_spans(index, points=100, limit=1)
    assert largest is not None
    assert largest.nbytes.tolist() == [20_000]


@settings(max_examples=60, deadline=None)
@given(traces(native=True))
def test_any_range_has_the_arrays_that_a_search_finds(trace: Trace) -> None:
    """For any two moments the groups sum to the arrays that are live at the later one and were not yet at the earlier.

    The arrays live at a moment are found by another search, that of the tables.
    """
    index = TraceIndex(trace)
    spans = group_spans(index, points=20, limit=10_000)
    assert spans is not None
    live = [
        dict(zip(found.buffer.tolist(), found.nbytes.tolist(), strict=True))
        for found in (find_live(index, until=events) for events, _ in timeline_moments(index, points=20))
    ]
    born: dict[int, int] = {}
    for moment, buffers in enumerate(live):
        for buffer in buffers:
            born.setdefault(buffer, moment)
    for to, buffers in enumerate(live):
        for since in range(to):
            chosen = (spans.first > since) & (spans.first <= to) & (spans.last > to)
            expected = [nbytes for buffer, nbytes in buffers.items() if born[buffer] > since]
            assert int(spans.nbytes[chosen].sum()) == sum(expected)
            assert int(spans.count[chosen].sum()) == len(expected)
