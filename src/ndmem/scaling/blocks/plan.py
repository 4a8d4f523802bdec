"""Choose how many rows a block has, so that all blocks that run at a time stay below the budget."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ndmem.errors import ScalingError
from ndmem.platform.malloc import RUNNING
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from ndmem.scaling.amplification import Amplification

MARGIN: Final = 0.05
"""Part of the budget that no plan uses: threads' stacks, and pages that malloc keeps below 4 MiB."""


@dataclass(frozen=True, slots=True)
class Room:
    """What a plan has to keep within.

    Attributes
    ----------
    budget_nbytes : int
        Most anonymous bytes of the process.
    base_nbytes : int
        Those that are there without any block.
    threads : int
        How many blocks may run at a time.
    partial_nbytes : int
        Bytes of one partial result that waits to be combined; 0 without a reduction.
    kept_part : float
        How many of the bytes of a block's arrays, at most all, live ones and freed ones that are kept for the next may
        have together, so that no phase needs more than without keeping.
    buffer_nbytes : int
        Bytes of a library's buffers that malloc keeps for each thread.
    """

    budget_nbytes: int
    base_nbytes: int
    threads: int
    partial_nbytes: int = 0
    kept_part: float = 0.0
    buffer_nbytes: int = 0

    def share(self, threads: int, *, margin: float = MARGIN) -> int:
        """Return the bytes that each running block may have: a part of what the process and partial results leave."""
        waiting = (threads + 1) * self.partial_nbytes
        return (int(self.budget_nbytes * (1 - margin)) - self.base_nbytes - waiting) // threads - self.buffer_nbytes


@dataclass(frozen=True, slots=True)
class Plan:
    """Blocks of equal numbers of rows.

    Attributes
    ----------
    rows, threads : int
        Rows of a block, and blocks at a time.
    base_nbytes, block_nbytes, waiting_nbytes : int
        Bytes of the process without blocks, of one block at its peak with the buffers that malloc keeps for its thread,
        and of partial results that wait.
    kept_nbytes : int
        Bytes of arrays for one block, live ones and freed ones that are kept for the next together.
    array_nbytes : int
        Bytes of arrays that one block may have: the limit that is enforced.
    bound : str
        What keeps the blocks from being larger.
    returned_from : int
        Bytes of a block of memory from which on malloc returns it to the system when it is freed.
    """

    rows: int
    threads: int
    base_nbytes: int
    block_nbytes: int
    waiting_nbytes: int
    kept_nbytes: int
    array_nbytes: int
    bound: str
    returned_from: int = RUNNING

    @property
    def peak_nbytes(self) -> int:
        """The predicted peak of anonymous memory."""
        return self.base_nbytes + self.threads * self.block_nbytes + self.waiting_nbytes


def choose_plan(needed: Amplification, room: Room, *, left: int, unit: int, whole: int = 1) -> Plan:
    """Choose the largest blocks that fit.

    Parameters
    ----------
    needed : Amplification
        Bytes of a block over its rows.
    room : Room
        What the blocks have to keep within.
    left : int
        Rows that are left.
    unit : int
        Rows of a storage chunk: blocks are multiples of it where one fits.
    whole : int
        Rows of a chunk of the output, of which `unit` is a multiple: blocks always are.

    Raises
    ------
    ScalingError
        If not even one row, or chunk of the output, at a time fits; the message has the least budget that would do.
    """
    fewest = min(whole, left)
    for threads in range(room.threads, 0, -1):
        share = room.share(threads)
        rows = needed.rows_within(share)
        if rows >= fewest:
            break
    else:
        raise _too_small(needed, room, fewest)
    bound = "the budget" if threads == room.threads else f"the budget, which has room for {threads} blocks at a time"
    if left <= rows * threads:
        bound = "the rows: " + (f"each of {threads} threads has one block" if threads > 1 else "one block has all")
    rows = _share_evenly(left, threads, most=rows, unit=unit if rows >= unit else fewest)
    if rows < unit:
        bound += f"; a storage chunk has {unit:,} rows, so each is read {math.ceil(unit / rows)} times"
    return Plan(
        rows=rows,
        threads=threads,
        base_nbytes=room.base_nbytes,
        block_nbytes=needed.peak(rows) + room.buffer_nbytes,
        waiting_nbytes=(threads + 1) * room.partial_nbytes,
        kept_nbytes=int(room.kept_part * min(needed.arrays(rows), needed.peak(rows))),
        array_nbytes=max(room.share(threads, margin=0) - needed.hidden(rows), 1),
        bound=bound,
    )


def _share_evenly(left: int, threads: int, *, most: int, unit: int) -> int:
    """Return the rows of blocks of which each thread gets as many: the last ones would have some threads wait."""
    most -= most % unit
    blocks = threads * math.ceil(left / (threads * most))
    return min(most, unit * math.ceil(left / (blocks * unit)))


def _too_small(needed: Amplification, room: Room, rows: int) -> ScalingError:
    peak = needed.peak(rows)
    least = math.ceil((room.base_nbytes + peak + 2 * room.partial_nbytes) / (1 - MARGIN))
    return ScalingError(
        f"the budget of {format_nbytes(room.budget_nbytes)} is too small: the process has "
        f"{format_nbytes(room.base_nbytes)} and a block of {'one row' if rows == 1 else f'{rows:,} rows'} needs "
        f"{format_nbytes(peak)} more; the least that would do is {least:,} bytes ({format_nbytes(least)})"
    )
