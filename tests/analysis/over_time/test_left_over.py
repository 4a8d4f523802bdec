"""What a range of a run left behind, against figures worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.traces import Frame, TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.over_time.left_over import find_left_over
from ndmem.model.holder import Holder

KEEP = (Frame("prog.py", 1),)
DROP = (Frame("prog.py", 2),)


def _index() -> TraceIndex:
    """A run of 10 s: line 1 allocates at 1, 4 and 7 s and keeps all; line 2 at 2 and 5 s, freed at 3 and 8 s."""
    builder = TraceBuilder()
    builder.born(KEEP, 10_000, time_s=1.0)
    first = builder.born(DROP, 50_000, time_s=2.0)
    builder.died(first, DROP, time_s=3.0)
    builder.born(KEEP, 20_000, time_s=4.0)
    second = builder.born(DROP, 60_000, time_s=5.0)
    builder.born(KEEP, 30_000, time_s=7.0)
    builder.died(second, DROP, time_s=8.0)
    trace = builder.build()
    return TraceIndex(replace(trace, run=replace(trace.run, duration_s=10.0)))


@pytest.mark.parametrize(
    ("start", "end", "rows"),
    [
        pytest.param(0.0, None, [(1, 60_000, 3, 3, 9.0, 3.0)], id="whole run"),
        pytest.param(0.0, 6.0, [(2, 60_000, 1, 2, 1.0, 1.0), (1, 30_000, 2, 2, 5.0, 2.0)], id="a death later"),
        pytest.param(3.5, 7.5, [(2, 60_000, 1, 1, 2.5, 2.5), (1, 50_000, 2, 2, 3.5, 0.5)], id="a part"),
        pytest.param(8.5, None, [], id="nothing allocated"),
        pytest.param(2.0, 3.5, [], id="all freed again"),
        pytest.param(0.0, 99.0, [(1, 60_000, 3, 3, 9.0, 3.0)], id="an end after that of the run"),
    ],
)
def test_a_range_has_what_it_allocated_and_did_not_free(start, end, rows):
    """Bytes, live and allocated arrays and ages of each line are those counted by hand, largest first."""
    found = find_left_over(_index(), start_s=start, end_s=end)
    assert found is not None
    shown = [(row.site.lineno, row.nbytes, row.count, row.allocated, row.oldest_s, row.newest_s) for row in found]
    assert shown == rows


@pytest.mark.parametrize(
    ("freed", "grows"),
    [
        pytest.param([], True, id="all stay"),
        pytest.param([0, 2, 4], True, id="every second one stays"),
        pytest.param([0, 1, 2], False, id="a bounded cache"),
        pytest.param([0, 1, 2, 3, 4], False, id="replaced"),
        pytest.param([3, 4, 5], False, id="filled once"),
        pytest.param([1, 2, 3, 4], False, id="two are no series"),
    ],
)
def test_growth_is_what_stays_of_early_and_of_late_executions(freed, grows):
    """Of six executions of a line, those that left an array behind tell whether it grows."""
    builder = TraceBuilder()
    buffers = [builder.born(KEEP, 10_000, time_s=1.0 + number) for number in range(6)]
    for number in freed:
        builder.died(buffers[number], KEEP, time_s=8.0)
    (row,) = find_left_over(TraceIndex(builder.build())) or ()
    assert (row.count, row.allocated, row.grows) == (6 - len(freed), 6, grows)


_POOL = "class Pool:\n    def __init__(self):\n        self.free = [np.empty(9) for _ in range(4)]\n"
_LOOP = "class Pool:\n    def __init__(self):\n        for _ in range(4):\n            self.free.append(np.empty(9))\n"
_CALLS = "def handle():\n    free.append(np.empty(9))\n"


@pytest.mark.parametrize(
    ("source", "lineno", "names", "grows"),
    [
        pytest.param(_POOL, 3, "pool.free[{}]", False, id="a comprehension"),
        pytest.param(_LOOP, 4, "pool.free[{}]", False, id="a loop of a constructor"),
        pytest.param(_POOL, 3, "pools[{}].free[0]", True, id="a container for each array"),
        pytest.param(_CALLS, 2, "free[{}]", True, id="a function that is called again"),
        pytest.param("(", 1, "pool.free[{}]", True, id="source that cannot be parsed"),
    ],
)
def test_a_container_that_is_filled_as_it_is_made_does_not_grow(source, lineno, names, grows):
    """Arrays of one container that one expression makes at once are no growth; a container for each array is."""
    line = (source.splitlines() or [""])[lineno - 1]
    start = max(line.find("np.empty"), 0)
    frame = (Frame("prog.py", lineno, columns=(start, start + len("np.empty(9)"))),)
    builder = TraceBuilder()
    buffers = [builder.born(frame, 10_000, time_s=1.0 + number) for number in range(4)]
    holders = [
        Holder(builder.number(buffer), names.format(place), "__main__", (9,), "float64", is_view=False, events=4)
        for place, buffer in enumerate(buffers)
    ]
    (row,) = find_left_over(TraceIndex(builder.build(holders=holders, sources={"prog.py": source}))) or ()
    assert (row.count, row.grows) == (4, grows)


def test_lost_events_give_no_answer():
    """Without all events it is unknown what was freed: the answer is none, not a wrong one."""
    trace = _index().trace
    assert find_left_over(TraceIndex(replace(trace, dropped=1))) is None
