"""A predicted trace is a small run with other sizes."""

import numpy as np

from ndmem.model.trace import Origin
from ndmem.planning.extrapolation.replayed_trace import below_call, build_trace, predict_trace

from .synthetic import CALL_FRAME, Step, make_point

_RUN: list[Step] = [("+", "f", 100), ("+", "f/g", 50), ("-", "f", 0), ("+", "f", 7)]


def _names(trace: object) -> list[str]:
    return [trace.sites[site].function for site in trace.tree.site.tolist()]  # type: ignore[attr-defined]


def test_sizes_are_replaced_and_everything_follows() -> None:
    """Live bytes, peak and counters are those of the sizes passed; the worker's frames are gone."""
    trace, buffers = predict_trace(make_point(1, _RUN), np.array([1000, 2000, 5000]))
    assert trace.origin is Origin.PREDICTED
    assert trace.events.live.tolist() == [1000, 3000, 2000, 7000]
    assert (trace.peak.nbytes, trace.peak.events) == (7000, 4)
    assert buffers.tolist() == [0, 1, 2]
    assert _names(trace) == ["f", "g"]
    assert trace.tree.parent.tolist() == [-1, 0]
    assert trace.tallies.at_peak.tolist() == [5000, 2000]
    assert trace.tallies.total.tolist() == [6000, 2000]
    assert trace.tallies.count.tolist() == [2, 1]
    assert trace.tallies.max_live.tolist() == [7000, 3000]


def test_a_reused_temporary_is_one_buffer() -> None:
    """In a + b + c + d, each sum reuses the one before: one buffer is born, and it dies when the last one does."""
    steps: list[Step] = [("+", "f", 8), ("+", "g", 8), ("-", "g", 0), ("+", "h", 8), ("-", "h", 1), ("-", "k", 2)]
    reused = np.array([1, 3]), np.array([2, 4])
    trace, buffers = predict_trace(make_point(1, steps), np.array([800, 800, 800]), reused=reused)
    assert trace.events.kind.tolist() == [0, 1]
    assert trace.events.buffer.tolist() == [0, 0]
    assert trace.events.live.tolist() == [800, 0]
    assert (trace.peak.nbytes, buffers.tolist()) == (800, [0])


def test_only_what_is_below_the_call_is_kept() -> None:
    """The nodes below the worker's frame are marked; without that frame nothing is, and the whole tree stays."""
    point = make_point(1, _RUN)
    assert below_call(point.trace, CALL_FRAME).tolist() == [False, True, True]
    assert not below_call(point.trace, ("/ndmem/work.py", "other")).any()
    trace, _ = build_trace(point.trace, point.events, ("", ""))
    assert _names(trace) == ["call", "f", "g"]


def test_a_run_without_events_is_a_trace_without_a_peak() -> None:
    """A function that allocates nothing has a predicted trace too."""
    trace, buffers = predict_trace(make_point(1, []), np.zeros(0, np.int64))
    assert (trace.peak.nbytes, trace.peak.stack, len(buffers)) == (0, -1, 0)
