"""Replays of a run with a change, against peaks worked out by hand and by running the changed program."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.traces import Frame, TraceBuilder

from ndmem.advising.replay import Change, replay
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.over_time.lifetimes import Lifetimes, array_lifetimes

LINE = (Frame("prog.py", 1),)


@dataclass(frozen=True)
class Program:
    """Births and deaths in order: ``(buffer, bytes)`` for a birth, ``(buffer, 0)`` for a death."""

    steps: tuple[tuple[int, int], ...]

    def run(self) -> TraceIndex:
        """Return the recorded run of the program."""
        builder = TraceBuilder()
        handles: dict[int, int] = {}
        for buffer, nbytes in self.steps:
            if nbytes:
                handles[buffer] = builder.born(LINE, nbytes)
            else:
                builder.died(handles[buffer], LINE)
        return TraceIndex(builder.build())


def lifetimes(index: TraceIndex) -> Lifetimes:
    """Return the buffers of a run."""
    found = array_lifetimes(index)
    assert found is not None
    return found


# a lives for all of it, b and c one after the other, and a small buffer makes the peak: 50,000 + 20,000 + 3,000.
STEPS = ((0, 50_000), (1, 10_000), (1, 0), (2, 20_000), (3, 3_000), (3, 0), (2, 0))


@pytest.mark.parametrize(
    ("change", "peak", "kept", "total"),
    [
        pytest.param(lambda b: Change.drop(b.at(np.array([2]))), 60_000, 50_000, 20_000, id="drop the peak's buffer"),
        pytest.param(lambda b: Change.drop(b.at(np.array([1]))), 73_000, 50_000, 10_000, id="drop one beside the peak"),
        pytest.param(lambda b: Change.drop(b.at(np.array([0]))), 23_000, 0, 50_000, id="drop one that is kept"),
        pytest.param(lambda b: Change.scale(b.at(np.array([0])), 0.5), 48_000, 25_000, 25_000, id="half the bytes"),
        # Event 3 is the birth of c: a is freed just before it.
        pytest.param(lambda b: Change.free_early(b.at(np.array([0])), 3), 60_000, 0, 0, id="free a before c"),
        pytest.param(
            lambda b: Change.all_of([Change.drop(b.at(np.array([2]))), Change.add(start=3, end=4, nbytes=1_000)]),
            60_000,
            50_000,
            19_000,
            id="a smaller buffer instead",
        ),
    ],
)
def test_a_change_has_the_peak_worked_out_by_hand(change, peak, kept, total):
    """The replayed peak, the kept and the total bytes are those that the changed steps add up to."""
    index = Program(STEPS).run()
    assert index.trace.peak.nbytes == 73_000
    replayed = replay(index, change(lifetimes(index)))
    assert replayed.peak_nbytes == peak
    assert replayed.saving.peak_nbytes == 73_000 - peak
    assert 50_000 - replayed.saving.kept_nbytes == kept
    assert replayed.saving.total_nbytes == total


def test_reuse_saves_the_new_buffer_while_the_old_one_lives():
    """A buffer in the memory of the one that dies after its birth takes no bytes of its own before that death."""
    index = Program(((0, 40_000), (1, 40_000), (0, 0), (2, 5_000))).run()
    buffers = lifetimes(index)
    change = Change.reuse(buffers.at(np.array([1])), buffers.at(np.array([0])))
    replayed = replay(index, change)
    # One array of 40,000 all the time, and 5,000 at the end.
    assert (replayed.peak_nbytes, replayed.saving.kept_nbytes) == (45_000, 0)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Draw programs of up to ten buffers, each above the threshold, freed at any time or never."""
    sizes = draw(st.lists(st.integers(4_096, 100_000), min_size=1, max_size=10))
    moments = [(draw(st.floats(0, 1)), draw(st.floats(0, 1)) + 1, draw(st.booleans())) for _ in sizes]
    steps = [(born, buffer, nbytes) for buffer, (nbytes, (born, _, _)) in enumerate(zip(sizes, moments, strict=True))]
    steps += [(died, buffer, 0) for buffer, (_, died, freed) in enumerate(moments) if freed]
    return Program(tuple((buffer, nbytes) for _, buffer, nbytes in sorted(steps)))


@given(programs(), st.data())
def test_a_dropped_buffer_gives_the_peak_of_the_program_without_it(program, data):
    """For any program, the replay without some buffers equals the run of the program that never allocates them."""
    count = len({buffer for buffer, _ in program.steps})
    dropped = data.draw(st.sets(st.integers(0, count - 1), max_size=count - 1))
    rest = Program(tuple(step for step in program.steps if step[0] not in dropped)).run()
    index = program.run()
    buffers = lifetimes(index)
    born_in_order = [buffer for buffer, nbytes in program.steps if nbytes]
    rows = np.array([row for row, buffer in enumerate(born_in_order) if buffer in dropped], np.int64)
    replayed = replay(index, Change.drop(buffers.at(rows)))
    assert replayed.peak_nbytes == rest.trace.peak.nbytes
    assert index.trace.live_nbytes - replayed.saving.kept_nbytes == rest.trace.live_nbytes


@given(programs())
def test_no_change_saves_nothing(program):
    """A replay without a change has the peak of the run."""
    index = program.run()
    replayed = replay(index, Change.all_of([]))
    assert replayed.peak_nbytes == index.trace.peak.nbytes
    assert (replayed.saving.peak_nbytes, replayed.saving.kept_nbytes, replayed.saving.total_nbytes) == (0, 0, 0)
