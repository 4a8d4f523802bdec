"""Work on one block: read it, call the function, write the result, each under a budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ndmem.budgets.thread_budget import ThreadBudget
from ndmem.platform.breakdown.heap import trim_heap
from ndmem.platform.resident.anonymous import HighWater
from ndmem.units import ADDRESSABLE_NBYTES, format_nbytes
from ndmem.weighing.objects import weigh_objects

from .block import Block, Peak, Phase


@dataclass(frozen=True, slots=True)
class Work:
    """What is done with each block.

    Attributes
    ----------
    read : callable
        Returns the function's arguments for the rows from one number to another, and their bytes as far as the reading
        allocated them.
    function : callable
        Is called with these arguments.
    write : callable
        Takes the first row and the result.
    """

    read: Callable[[int, int], tuple[tuple[Any, ...], int]]
    function: Callable[..., Any]
    write: Callable[[int, Any], None]


@dataclass(slots=True)
class _Meter:
    """Enforces the budget of arrays in each phase, and measures what the phases need."""

    budget: int
    high_water: HighWater | None
    trims: bool = False
    peaks: dict[Phase, Peak] = field(default_factory=dict)

    @contextmanager
    def measure(self, phase: Phase, held: int) -> Iterator[None]:
        """Measure a phase that begins with some bytes of the block already there."""
        if self.trims or self.high_water is not None:
            trim_heap()  # what an earlier phase freed would stay, or be reused unseen
        mark = None if self.high_water is None else HighWater.begin()
        budget = ThreadBudget(max(self.budget - held, 0))
        try:
            with budget:
                yield
        except MemoryError as error:
            if budget.refused is None:
                raise
            asked, live, most = map(format_nbytes, (budget.refused[0], held + budget.refused[1], self.budget))
            raise RefusedError(
                f"{asked} more would exceed {most} in the {phase.value} phase; {live} were live"
            ) from error
        resident = None if mark is None or self.high_water is None else mark.read() - self.high_water.before_nbytes
        self.peaks[phase] = Peak(held + budget.peak, resident)


class RefusedError(MemoryError):
    """An array of a block was refused: it would have exceeded the block's budget."""


def work_on(
    work: Work, start: int, stop: int, *, budget: int = ADDRESSABLE_NBYTES, alone: bool = False, trims: bool = False
) -> Block:
    """Work on the rows from `start` to `stop`.

    Parameters
    ----------
    work : Work
        What to do.
    start, stop : int
        The rows.
    budget : int
        Bytes of arrays that this thread may have for it.
    alone : bool
        Whether nothing else runs in the process, so that its pages are those of this block.
    trims : bool
        Whether malloc returns what each phase has freed, in the heaps of all threads.

    Raises
    ------
    RefusedError
        If an array would exceed the budget.
    """
    began = time.perf_counter()
    if alone:
        trim_heap()  # pages that go back later would be missing from what the block needs
    meter = _Meter(budget, HighWater.begin() if alone else None, trims)
    with meter.measure(Phase.READ, 0):
        arguments, held = work.read(start, stop)
    read = meter.peaks[Phase.READ]
    # A library may have allocated the block in a thread of its own, as zarr does.
    meter.peaks[Phase.READ] = replace(read, tracked_nbytes=max(read.tracked_nbytes, held))
    in_nbytes = sum(one.nbytes for one in arguments if isinstance(one, np.ndarray))
    with meter.measure(Phase.FUNCTION, held):
        result = work.function(*arguments)
    out_nbytes = result_nbytes(result)
    held = held if _shares(arguments, result) else out_nbytes  # a view of the block keeps it in memory
    arguments = ()
    with meter.measure(Phase.WRITE, held):
        work.write(start, result)
    return Block(start, stop, in_nbytes, out_nbytes, meter.peaks, time.perf_counter() - began)


def result_nbytes(result: object) -> int:
    """Return the bytes that a result keeps alive: one array may be a view of a larger one, and a tuple has several."""
    if isinstance(result, np.ndarray) and result.base is None:
        return result.nbytes
    return weigh_objects(result, depth=0, resident=False).reachable


def _shares(arguments: tuple[Any, ...], result: object) -> bool:
    if not isinstance(result, np.ndarray):
        return False
    return any(isinstance(one, np.ndarray) and np.may_share_memory(one, result) for one in arguments)
