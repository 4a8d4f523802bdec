"""A compacted record beside the whole one of the same run."""

from typing import Any

import numpy as np

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.live import find_live
from ndmem.model.trace import Trace


def place_events(compacted: Trace, whole: Trace) -> Any:
    """Return where in the whole record each event of the compacted one is; assert that all are right there."""
    marks, events = compacted.compacted, compacted.events
    left = np.concatenate([[0], np.cumsum(marks.births + marks.deaths)])
    place = np.arange(len(events)) + left[np.searchsorted(marks.events, np.arange(len(events)), side="right")]
    for name in ("kind", "thread", "stack", "nbytes", "live", "domain"):
        assert np.array_equal(getattr(events, name), getattr(whole.events, name)[place]), name
    assert np.array_equal(marks.live, whole.events.live[marks.events + left[1:] - 1])
    return place


def alive(trace: Trace, until: int) -> list[tuple[int, int]]:
    """Return node and bytes of each buffer that is alive after so many events, in order of birth."""
    columns = find_live(TraceIndex(trace), until=until)
    order = np.argsort(columns.buffer)
    return list(zip(columns.node[order].tolist(), columns.nbytes[order].tolist(), strict=True))
