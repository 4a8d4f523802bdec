"""The timeline divided among lines."""

from hypothesis import given
from hypothesis import strategies as st
from tests.random_traces import traces
from tests.traces import USER, Frame, TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.over_time.layers import Layer, timeline_layers
from ndmem.analysis.over_time.timeline import timeline
from ndmem.model.trace import Trace

FIRST, SECOND, THIRD = ((Frame(USER, lineno),) for lineno in (1, 2, 3))


def program() -> TraceBuilder:
    """Two lines at the peak, one that is not, and a small array."""
    builder = TraceBuilder()
    third = builder.born(THIRD, 9000, time_s=0.1)
    builder.died(third, THIRD, time_s=0.2)
    builder.born(FIRST, 5000, time_s=0.3)
    second = builder.born(SECOND, 8000, time_s=0.4)
    builder.born(THIRD, 100, time_s=0.5)
    builder.died(second, FIRST, time_s=0.6)
    return builder


def test_each_line_has_what_it_made() -> None:
    """A buffer counts for the line that allocated it, whichever line frees it; all others are the last layer."""
    found = timeline_layers(TraceIndex(program().build(duration_s=1.0)))
    assert found.time_s == (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 1.0)
    assert found.layers == (
        Layer(USER, 2, (0, 0, 0, 0, 8000, 0, 0)),
        Layer(USER, 1, (0, 0, 0, 5000, 5000, 5000, 5000)),
        # The small array that reached the peak stands at the event before, as in the timeline.
        Layer(None, None, (0, 9000, 0, 0, 100, 100, 100)),
    )
    assert found.native_nbytes is found.python_nbytes is None


def test_pythons_arenas_are_a_layer_of_their_own() -> None:
    """Of native blocks those that Python mapped for small objects are apart, until they are given back."""
    builder = TraceBuilder(native_threshold=1024)
    arena = builder.native(FIRST, 4000, time_s=0.1)
    blas = builder.native(FIRST, 2000, time_s=0.2)
    builder.native(SECOND, 3000, time_s=0.3)
    builder.died(arena, SECOND, time_s=0.4)
    origins = {builder.number(arena): "libpython3.11.so.1.0", builder.number(blas): "libopenblas.so"}
    found = timeline_layers(TraceIndex(builder.build(origins=origins, duration_s=1.0)))
    assert found.time_s == (0.0, 0.1, 0.2, 0.3, 0.4, 1.0)
    assert found.python_nbytes == (0, 4000, 4000, 4000, 0, 0)
    assert found.native_nbytes == (0, 0, 2000, 5000, 5000, 5000)


def test_lines_beyond_the_limit_are_in_the_last_layer() -> None:
    """With one line of its own the other one is among the rest."""
    found = timeline_layers(TraceIndex(program().build(duration_s=1.0)), lines=1)
    assert [layer.lineno for layer in found.layers] == [2, None]
    assert found.layers[1].nbytes == (0, 9000, 0, 5000, 5100, 5100, 5100)


def test_with_dropped_events_there_is_one_layer() -> None:
    """With dropped events the allocating lines are unknown, so there is one layer."""
    found = timeline_layers(TraceIndex(program().build(duration_s=1.0, dropped=1)))
    assert [layer.filename for layer in found.layers] == [None]
    assert max(found.layers[0].nbytes) == 13100
    watched = TraceBuilder(native_threshold=1024)
    arena = watched.native(FIRST, 4000)
    found = timeline_layers(TraceIndex(watched.build(dropped=1, origins={watched.number(arena): "python3.11"})))
    assert (found.native_nbytes, found.python_nbytes) == ((0, 4000, 4000), None)


@given(traces(native=True), st.integers(0, 40), st.integers(0, 4))
def test_layers_sum_to_the_timeline(trace: Trace, points: int, lines: int) -> None:
    """For any program, at each time the layers are what the timeline has, and none is below zero."""
    found, expected = (
        timeline_layers(TraceIndex(trace), points=points, lines=lines),
        timeline(TraceIndex(trace), points=points),
    )
    assert found.time_s == tuple(point.time_s for point in expected)
    assert [sum(at) for at in zip(*(layer.nbytes for layer in found.layers), strict=True)] == [
        point.live_nbytes for point in expected
    ]
    assert found.native_nbytes is not None
    assert found.python_nbytes is not None
    native = [sum(at) for at in zip(found.native_nbytes, found.python_nbytes, strict=True)]
    assert native == [point.native_nbytes for point in expected]
    assert all(nbytes >= 0 for layer in found.layers for nbytes in layer.nbytes)


@given(traces())
def test_layers_at_the_peak_sum_to_the_peak(trace: Trace) -> None:
    """For any program the highest sum is the peak, however few points are drawn."""
    found = timeline_layers(TraceIndex(trace), points=4)
    assert max(map(sum, zip(*(layer.nbytes for layer in found.layers), strict=True))) == trace.peak.nbytes
