"""Whether runs at several sizes are the same run: the same births and deaths, in order, at the same places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ndmem.model.columns import Bools, Int64s
    from ndmem.model.raw_run import RawRun

    from .constants import Instruction


@dataclass(slots=True)
class Places:
    """Numbers for call stacks that are the same in all runs."""

    numbers: dict[tuple[int, str, str, int, int], int] = field(default_factory=dict)
    operators: frozenset[Instruction] = frozenset()

    def number(self, run: RawRun) -> Int64s:
        """Return the number of each node of a run."""
        found = np.empty(len(run.places), np.int64)
        for i, place in enumerate(run.places):
            parent = int(found[place.parent]) if place.parent >= 0 else -1
            key = (parent, place.filename, place.function, place.offset, place.domain)
            number = self.numbers.get(key)
            if number is None:
                number = self.numbers[key] = len(self.numbers)
            found[i] = number
        return found

    def mark_operators(self, run: RawRun) -> Bools:
        """Mark the nodes of a run that are at an operator."""
        marks = [(place.filename, place.function, place.offset) in self.operators for place in run.places]
        return np.array(marks, np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """A run at one size.

    Attributes
    ----------
    t : int
        Where on the line of sizes.
    run : RawRun
        What happened.
    place : (m,) int64
        Number of the call stack of each event, the same in all runs.
    seconds : float
        What it took.
    inputs_nbytes : int or None
        Bytes of the arguments, where only making them tells.
    parts : list of bytes
        The journal, for the trace.
    lengths : dict of str to int
        The size.
    by_operator : (m,) bool
        Whether an event happened at an operator.
    is_cut : bool
        Whether it was ended before it came to its own end.
    """

    t: int
    run: RawRun
    place: Int64s
    seconds: float
    inputs_nbytes: int | None
    parts: list[bytes]
    lengths: dict[str, int]
    by_operator: Bools
    is_cut: bool = False

    def live(self) -> Int64s:
        """Return the live bytes of arrays after each event."""
        return live_bytes(self.run, self.run.nbytes)

    @property
    def peak(self) -> int:
        """Highest live bytes of arrays."""
        return int(self.live().max(initial=0))

    @property
    def kept(self) -> int:
        """Live bytes of arrays at the end, the result's among them."""
        live = self.live()
        return int(live[-1]) if len(live) else 0


def live_bytes(run: RawRun, nbytes: Int64s, *, domain: int = 0) -> Int64s:
    """Return the live bytes of a domain after each event, if the buffers have these sizes."""
    change = nbytes[run.buffer]
    np.negative(change, out=change, where=run.kind == 1)
    change[run.domain != domain] = 0
    return np.cumsum(change, out=change)


def match(points: Sequence[Point]) -> bool:
    """Tell whether all runs have the same structure."""
    first = points[0]
    return all(
        np.array_equal(first.run.kind, other.run.kind)
        and np.array_equal(first.run.buffer, other.run.buffer)
        and np.array_equal(first.place, other.place)
        and np.array_equal(first.run.thread, other.run.thread)
        for other in points[1:]
    )


def stack_sizes(points: Sequence[Point]) -> Int64s:
    """Return the bytes of each buffer in each run, shape (runs, buffers), of runs that match."""
    return np.stack([point.run.nbytes for point in points])
