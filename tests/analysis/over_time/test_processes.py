"""The processes of a run: the highest sum, the process tree, and how each ended."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.traces import USER, Frame, TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.over_time.processes import process_tree
from ndmem.model.family import Begun, Family, Kin, Member, make_family

HERE = (Frame(USER, 3, columns=(0, 5)),)
SIZE = 10_000
EPOCH = 1_700_000_000


def process(
    pid: int,
    changes: list[tuple[float, int]],
    *,
    started: float = 0.0,
    ended: float | None = None,
    ancestors: tuple[int, ...] = (),
    status: int | None = 0,
    replaced: bool = False,
) -> Member:
    """Return a process that makes so many buffers of 10,000 bytes at a time, or lets so many go."""
    builder, alive = TraceBuilder(), []
    for time_s, count in changes:
        alive += [builder.born(HERE, SIZE, time_s=time_s) for _ in range(count)]
        for _ in range(-count):
            builder.died(alive.pop(), HERE, time_s=time_s)
    trace = builder.build(exit_status=status)
    kin = Kin(
        Begun.FORK if ancestors else Begun.PROGRAM,
        ancestors,
        replaced=replaced,
        ended=None if ended is None else EPOCH + ended,
    )
    return Member(replace(trace, run=replace(trace.run, pid=pid, started=EPOCH + started)), kin)


def index_of(family: Family) -> TraceIndex:
    """Return the index of the program's trace, with its processes; any trace will do where there are none."""
    return TraceIndex(family.members[0].trace if family.members else TraceBuilder().build(), family=family)


def test_the_sum_is_that_of_one_moment() -> None:
    """Peaks of 30,000 at 1 s and of 50,000 at 3 s whose times do not meet have a sum of 60,000, not of 80,000."""
    program = process(1, [(0.5, 1), (1.0, 2), (2.0, -2)], ended=9.0)
    child = process(2, [(1.0, 5), (5.0, -1)], started=2.0, ended=8.0, ancestors=(1,))
    tree = process_tree(index_of(Family((program, child))))
    assert [p.peak_nbytes for p in tree.processes] == [30_000, 50_000]
    assert (tree.peak_nbytes, tree.peak_s) == (60_000, 3.0)
    assert [p.at_peak_nbytes for p in tree.processes] == [10_000, 50_000]


def test_a_process_that_has_ended_has_nothing() -> None:
    """The live bytes of a child count until its end if that was recorded, and for ever if it was not."""
    later = process(1, [(5.0, 3)], ended=9.0)
    recorded = process(2, [(0.5, 4)], ended=3.0, ancestors=(1,))
    unrecorded = process(2, [(0.5, 4)], ended=None, ancestors=(1,))
    assert process_tree(index_of(make_family([later, recorded]))).peak_nbytes == 40_000
    assert process_tree(index_of(make_family([later, unrecorded]))).peak_nbytes == 70_000


def test_an_end_before_the_last_event_is_not_believed() -> None:
    """A clock that was set back does not take an event away: the process ends with its last event at the earliest."""
    assert process_tree(index_of(Family((process(1, [(1.0, 1), (5.0, 3)], ended=2.0),)))).peak_nbytes == 40_000


def test_a_peak_of_small_arrays_is_in_the_sum() -> None:
    """A peak that an array below the threshold reached counts, although it has no event."""
    builder = TraceBuilder()
    builder.born(HERE, SIZE, time_s=1.0)
    builder.died(builder.born(HERE, 100), HERE)
    assert process_tree(index_of(Family((Member(builder.build()),)))).peak_nbytes == 10_100
    alone = TraceBuilder()
    alone.born(HERE, 100)
    assert process_tree(index_of(Family((Member(alone.build()),)))).peak_nbytes == 100


def native_process(pid: int, started: float) -> Member:
    """Return a process that has 100,000 native bytes from its first to its second second, then an array of 10,000."""
    builder = TraceBuilder(native_threshold=65536)
    block = builder.native(HERE, 100_000, time_s=1.0)
    builder.died(block, HERE, time_s=2.0)
    builder.born(HERE, SIZE, time_s=3.0)
    trace = builder.build(rss_peak_nbytes=500_000)
    kin = Kin(Begun.FORK if pid > 1 else Begun.PROGRAM, (1,) if pid > 1 else (), ended=EPOCH + started + 9)
    return Member(replace(trace, run=replace(trace.run, pid=pid, started=EPOCH + started)), kin)


def test_the_total_sum_is_that_of_one_moment_too() -> None:
    """Native blocks of two processes whose times meet sum; where they do not meet, one and the other's array do."""
    for started, total in ((0.5, 200_000), (2.5, 110_000)):
        tree = process_tree(index_of(Family((native_process(1, 0.0), native_process(2, started)))))
        assert tree.total_peak_nbytes == total
        assert tree.peak_nbytes == 20_000
        for figures in tree.processes:
            assert (figures.native_peak_nbytes, figures.total_peak_nbytes) == (100_000, 100_000)
            assert (figures.peak_nbytes, figures.rss_peak_nbytes) == (10_000, 500_000)


def test_a_total_sum_needs_all_processes() -> None:
    """Where native memory of one process was not watched, the sum is not known."""
    tree = process_tree(index_of(Family((native_process(1, 0.0), process(2, [(1.0, 1)], ancestors=(1,))))))
    assert tree.total_peak_nbytes is None
    assert [figures.native_peak_nbytes for figures in tree.processes] == [100_000, None]
    assert process_tree(index_of(Family(()))).total_peak_nbytes is None


def test_a_process_without_arrays() -> None:
    """It has zeros and no place; nor has a family of none a peak."""
    (only,) = process_tree(index_of(Family((process(1, []),)))).processes
    assert (only.peak_nbytes, only.peak_site) == (0, None)
    assert process_tree(index_of(Family(()))).peak_nbytes == 0


def test_the_tree_names_parents_that_were_not_recorded() -> None:
    """A child of a fork server that allocated no array stands below the program, and its parent is still the server."""
    members = [
        process(1, []),
        process(4, [], started=2.0, ancestors=(1, 3)),
        process(2, [], started=1.0, ancestors=(1,)),
        process(5, [], started=3.0, ancestors=(1, 2)),
    ]
    tree = process_tree(index_of(make_family(members))).processes
    assert [(p.pid, p.parent, p.depth) for p in tree] == [(1, None, 0), (2, 1, 1), (5, 2, 2), (4, 3, 1)]


def test_how_a_process_ended() -> None:
    """Exit, signal, replaced by another program, and not recorded."""
    members = [
        process(1, [], status=3),
        process(2, [], status=-9, ancestors=(1,)),
        process(3, [], status=0, replaced=True, ancestors=(1,)),
        process(4, [], status=None, ancestors=(1,)),
    ]
    found = [(p.ended, p.exit_status) for p in process_tree(index_of(make_family(members))).processes]
    assert found == [("exit", 3), ("signal 9", -9), ("exec", None), (None, None)]


def test_a_process_id_that_was_used_again() -> None:
    """A child belongs to the process of that id which began last before it; an exec'd program follows itself."""
    members = [
        process(1, []),
        process(2, [], started=1.0, ancestors=(1,)),
        process(2, [], started=2.0, ancestors=(1, 2)),
    ]
    tree = process_tree(index_of(make_family(members))).processes
    assert [(p.pid, p.parent, p.depth) for p in tree] == [(1, None, 0), (2, 1, 1), (2, 1, 2)]


changes = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 3)), max_size=6)


@given(st.lists(st.tuples(changes, st.integers(0, 5), st.integers(21, 30)), min_size=1, max_size=4))
def test_the_sum_is_that_of_a_slow_replay(processes: list[tuple[list[tuple[int, int]], int, int]]) -> None:
    """The highest sum is that of adding all processes up at every whole second."""
    members, total = [], np.zeros(64, np.int64)
    for pid, (births, started, lasts) in enumerate(processes, 1):
        ordered = sorted(births)
        members.append(process(pid, [(float(at), n) for at, n in ordered], started=started, ended=started + lasts))
        for at, count in ordered:
            total[started + at : started + lasts] += count * SIZE
    tree = process_tree(index_of(make_family(members)))
    assert tree.peak_nbytes == total.max()
    assert sum(p.at_peak_nbytes for p in tree.processes) == tree.peak_nbytes
