"""The highest moments of each interval, by call stack."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ndmem.model.columns import Domain
from ndmem.model.moments import MomentHistory, Steps

_MS = 1_000_000


def steps(events: list[tuple[int, int, int, int, int]], before: dict[int, int], native: int) -> Steps:
    """Return steps of (time, live bytes after it, node, change, domain)."""
    columns = np.array(events, np.int64).reshape(-1, 5)
    live = np.zeros(max(before, default=0) + 1, np.int64)
    for node, nbytes in before.items():
        live[node] = nbytes
    time_ns, after, node, change, domain = (np.ascontiguousarray(column) for column in columns.T)
    return Steps(time_ns, after, node.astype(np.int32), change, domain.astype(np.uint8), live, native)


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 5), st.integers(1, 100), st.booleans()), max_size=60),
    st.integers(1, 60),
)
def test_the_highest_moments_are_kept_with_their_stacks(drawn: list[tuple[int, int, int, bool]], cut: int) -> None:
    """The highest live bytes of all, and what each stack had then, are those of a replay, however the events come."""
    history, held, native, live, seen = MomentHistory(), dict.fromkeys(range(6), 0), 0, 0, []
    events, known, replayed = [], (dict(held), 0), []
    for at, (time, node, nbytes, is_native) in enumerate(sorted(drawn)):
        frees = not is_native and held[node] >= nbytes and at % 3 == 0
        change = -nbytes if frees else nbytes
        if is_native:
            native += nbytes
        else:
            held[node] += change
            live += change
        events.append((time * _MS, live, node, change, Domain.NATIVE if is_native else Domain.ARRAY))
        replayed.append((live, native, {key: value for key, value in held.items() if value}))
        if len(events) == cut:
            history.add(steps(events, *known))
            events, known = [], (dict(held), native)
    history.add(steps(events, *known))
    seen = history.moments()
    assert len(seen) <= 2 * 400
    assert [moment.time_ns for moment in seen] == sorted(moment.time_ns for moment in seen)
    for moment in seen:
        found = dict(zip(moment.node.tolist(), moment.nbytes.tolist(), strict=True))
        assert (moment.live, moment.native, found) in replayed
    assert max((moment.live for moment in seen), default=0) == max((live for live, *_ in replayed), default=0)
    assert max((moment.total for moment in seen), default=0) == max((a + b for a, b, _ in replayed), default=0)


def test_a_long_run_has_no_more_moments_than_a_short_one() -> None:
    """Thirty minutes with an event each 10 ms: at most two moments in each of 400 intervals, and the highest is one."""
    history = MomentHistory()
    for second in range(1800):
        peak = 10**6 if second == 1234 else 100
        history.add(steps([(second * 1000 * _MS + tick * 10 * _MS, peak, 0, 0, 0) for tick in range(100)], {0: 100}, 0))
    assert 200 <= len(history.moments()) <= 800
    assert history.interval_ns * 400 >= 1800 * 1000 * _MS
    highest = max(history.moments(), key=lambda moment: moment.live)
    assert highest.time_ns // (1000 * _MS) == 1234


def test_of_many_stacks_those_with_most_are_kept() -> None:
    """Of a thousand stacks a moment keeps the 128 with most bytes; its live bytes are those of all."""
    history = MomentHistory()
    history.add(steps([(0, 10**6, 0, 0, 0)], {node: node + 1 for node in range(1000)}, 0))
    (moment,) = history.moments()
    assert sorted(moment.node.tolist()) == list(range(872, 1000))
    assert moment.live == 10**6
