"""Live bytes over time in a fixed amount of memory."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ndmem.model.history import History

MS = 1_000_000


def slow_highest(moments: list[tuple[int, int]], interval_ns: int, until_ns: int) -> list[int]:
    """Return the highest live bytes of each interval until a time: what was alive when it began, and every moment."""
    found, before = [], 0
    for interval in range(until_ns // interval_ns + 1):
        inside = [live for time_ns, live in moments if time_ns // interval_ns == interval]
        found.append(max([before, *inside]))
        before = inside[-1] if inside else before
    return found


@given(
    steps=st.lists(st.tuples(st.integers(0, 300 * MS), st.integers(0, 10**12)), max_size=50),
    cuts=st.lists(st.integers(0, 50), max_size=3),
)
def test_intervals_are_those_of_a_slow_replay(steps: list[tuple[int, int]], cuts: list[int]) -> None:
    """However the moments are handed over, each interval has the highest live bytes that there were in it."""
    times = np.cumsum([step for step, _ in steps], dtype=np.int64)
    moments = list(zip(times.tolist(), [live for _, live in steps], strict=True))
    history = History()
    edges = sorted({0, len(steps), *(min(cut, len(steps)) for cut in cuts)})
    for begin, end in pairwise(edges):
        part = moments[begin:end]
        history.add(np.array([t for t, _ in part], np.int64), np.array([n for _, n in part], np.int64))
    until = moments[-1][0] if moments else 0
    slow = slow_highest(moments, history.interval_ns, until)
    assert history.highest(until, points=len(slow)) == slow
    assert until < 1024 * history.interval_ns
    # Fewer points keep the maximum; more repeat intervals.
    for points in (1, 7, 80, 3000):
        fewer = history.highest(until, points=points)
        assert len(fewer) == points
        assert max(fewer) == max(slow)


def test_nothing_and_a_pause() -> None:
    """Without a moment there is nothing; what is alive stays alive while nothing happens."""
    history = History()
    assert history.highest(0, points=3) == [0, 0, 0]
    history.add(np.array([0, 1 * MS]), np.array([50, 20]))
    assert history.highest(4 * MS - 1, points=4) == [50, 50, 20, 20]
