"""Measure a job by its first blocks, which are small and are results like the others, and plan the rest."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from ndmem.errors import ScalingError
from ndmem.platform.breakdown.heap import trim_heap
from ndmem.platform.malloc import MOST, RUNNING
from ndmem.platform.resident.anonymous import anonymous_nbytes
from ndmem.scaling.amplification import Amplification, conclude
from ndmem.scaling.block import Block, Peak, Phase
from ndmem.scaling.kept_arrays import freed_arrays_kept
from ndmem.scaling.samples import row_nbytes
from ndmem.scaling.sources.zarr import ZarrRows
from ndmem.scaling.zarr_concurrency import count_zarr_threads
from ndmem.units import format_nbytes

from .job import Job
from .log import Log
from .plan import Plan, Room, choose_plan
from .rows_left import RowsLeft

_FIRST_NBYTES: Final = 2**21
"""Bytes of the first block: pages and Python's own objects scatter by some 20 KiB, one per cent of it."""

_FIRST_SHARE: Final = 128
"""One part in so many of a thread's room is the most that the first block has: a function may need 28 times as much."""

_MOST_NEEDED: Final = 32
"""Times its bytes that a first block of one storage chunk may need. It runs alone, and the most seen is 28 times."""

_GROWTH: Final = (1, 1, 2, 4)
"""Sizes of the blocks that measure the function. The first warms up: imports and caches do not belong to a block."""

_MOST_CHECKS: Final = 3
_AGREES: Final = 0.02
"""How far the block that checks the plan may be off; beyond that the plan is made anew, with what it needed."""

_HARDLY_LARGER: Final = 2
"""Planned blocks have at most so many times the rows of one that was measured, for which the other threads waited."""

_MORE_BUFFERS: Final = 2
"""Threads of zarr, if it has more than read here, for which malloc keeps buffers besides: they take turns. Without room
for these a program that had written zarr before, with six threads, had 298 to 303 MB of a budget of 300."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the first blocks showed.

    Attributes
    ----------
    needed : Amplification or None
        Bytes of a block over its rows; ``None`` if no row was left to measure.
    plan : Plan or None
        Blocks for the rest; ``None`` if nothing is left.
    """

    needed: Amplification | None
    plan: Plan | None


def measure_job(job: Job, left: RowsLeft, log: Log, room: Room) -> Measured:
    """Run small blocks and then one of half the planned size, alone, until such a block needs what was predicted.

    Parameters
    ----------
    job : Job
        What to run.
    left : RowsLeft
        The rows that are left; blocks are taken from them.
    log : Log
        Where the blocks are noted.
    room : Room
        What the blocks have to keep within.

    Raises
    ------
    ScalingError
        If the process has no room for any block, or not even for one row.
    """
    if room.budget_nbytes <= room.base_nbytes:
        raise ScalingError(
            f"the budget of {format_nbytes(room.budget_nbytes)} is below what the process has without any block, "
            f"{format_nbytes(room.base_nbytes)}; free some of it, or allow more"
        )
    measured: list[Block] = []
    rows = _first_rows(job, room, len(left))
    for number, growth in enumerate(_GROWTH):
        if len(left):
            most = _conclude(job, measured).rows_within(room.share(1) // 2) if measured else rows
            found = _run_alone(job, left, log, room, min(rows * growth, most))
            measured = found if number <= 1 else measured + found
            room = replace(room, base_nbytes=max(room.base_nbytes, _settled(job))) if number == 0 else room
    if not len(left):
        return Measured(_conclude(job, measured), None)
    small = measured[-1].rows
    measured = _check_plan(job, left, log, room, measured)
    needed = _conclude(job, measured)
    if not len(left):
        return Measured(needed, None)
    planned = _plan(job, measured, left, room).rows
    # A block that is larger than the planned ones may not fit. Half of one shows the same, in half the time.
    part = _measure_kept(job, left, log, room, needed, max(min(small, planned) // 2, 1))
    if not len(left):
        return Measured(needed, None)
    plan = _plan(job, measured, left, replace(room, kept_part=min(part, find_kept_part(needed, planned))))
    more = min(max(count_zarr_threads() - plan.threads, 0), _MORE_BUFFERS)
    buffers = sum_buffers(needed.blocks) * (plan.threads + more) // plan.threads
    roomy = replace(room, kept_part=part, buffer_nbytes=buffers)
    with_buffers = partial(_plan, job, measured, left, roomy)
    return Measured(needed, keep_buffers(job, plan, with_buffers))


def _check_plan(job: Job, left: RowsLeft, log: Log, room: Room, measured: list[Block]) -> list[Block]:
    """Run blocks of about the planned size until one needs what was predicted; return them with those before."""
    for _ in range(_MOST_CHECKS):
        plan = _plan(job, measured, left, room)
        smallest, largest = min(block.rows for block in measured), max(block.rows for block in measured)
        if smallest <= plan.rows <= _HARDLY_LARGER * largest:
            break
        needed = _conclude(job, measured)
        # Where a plan's blocks are smaller than a chunk, they are parts of one, which zarr decodes as a whole.
        rows = plan.rows if plan.rows < smallest else math.ceil(plan.rows / _HARDLY_LARGER)
        found = _run_alone(job, left, log, room, rows)
        measured = measured + found
        agrees = len(found) == 1 and math.isclose(found[0].peak.nbytes, needed.peak(found[0].rows), rel_tol=_AGREES)
        if agrees or not len(left):
            break
    return measured


def _measure_kept(job: Job, left: RowsLeft, log: Log, room: Room, needed: Amplification, rows: int) -> float:
    """Return the part of the arrays' bytes that can be kept while the function runs, by two blocks that keep all.

    What a block keeps for the next one is there while a library needs memory of its own before there are most arrays,
    as LAPACK does.
    """
    most, peak = needed.arrays(rows), needed.peak(rows)
    if not most or len(left) <= 2 * rows or needed.blocks[-1].peak.resident_nbytes is None:
        return 0.0
    with freed_arrays_kept(most):
        _run_uncounted(job, left, log, room, rows)
        trim_heap()
        before = anonymous_nbytes() or 0
        found = _run_uncounted(job, left, log, room, rows, alone=True)
    base = anonymous_nbytes() or 0  # what was kept is free again
    pages = [block.peaks[Phase.FUNCTION].resident_nbytes for block in found]
    if len(pages) > 1 or pages[0] is None:
        return 0.0
    kept = before - base
    more = kept + pages[0] - peak
    # Beside what was kept and live then, the library had `more` too much.
    return 1.0 if more <= _AGREES * peak else min(max((kept - more) / most, 0.0), 1.0)


def find_kept_part(needed: Amplification, rows: int) -> float:
    """Return the part of the arrays' bytes that can be kept while blocks of some rows are read and written.

    zarr needs memory of its own for a few chunks, before a block has any array; that is less of a larger block. Blocks
    of several threads keep other sizes together than one alone, which may have had no place for one of its arrays: the
    figures of a block alone with kept arrays did not show what two of them need to read and write.
    """
    peak, most = needed.peak(rows), needed.arrays(rows)
    beside = max(needed.hidden(rows, phase) for phase in (Phase.READ, Phase.WRITE))
    return 1.0 if beside <= _AGREES * peak or not most else min(max((peak - beside) / most, 0.0), 1.0)


def keep_buffers(job: Job, plan: Plan, with_buffers: Callable[[], Plan]) -> Plan:
    """Return a plan for which malloc keeps the buffers of storage chunks, or the same plan where it may not.

    zarr has the bytes of a file and of a decoded chunk in buffers of its own. Those of more than 1 MiB went back to the
    system after each chunk, and their pages were zeroed anew: 500,000 of 590,000 page faults, and 13 % of the time of a
    function that takes as long as reading (zarr 3.4, chunks of 4 MiB). Where chunks are read one after the other, the
    next one needs what the last one had, so each thread that reads has the buffers once, and some of zarr's others too.
    Arrays of 1 MiB and more get mappings of their own all the same, while some are kept: see `freed_arrays_kept`.

    Parameters
    ----------
    job : Job
        What is run.
    plan : Plan
        Blocks for which nothing is kept.
    with_buffers : callable
        Returns a plan with room for the buffers.
    """
    source = job.source
    if not (isinstance(source, ZarrRows) and source.one_at_a_time):
        return plan
    returned_from = 2 * math.prod(source.storage_shape) * source.dtype.itemsize
    if not RUNNING < returned_from <= MOST:
        return plan
    try:
        other = with_buffers()
    except ScalingError:
        return plan
    fits = other.threads == plan.threads and other.kept_nbytes and other.rows * row_nbytes(source) >= returned_from
    return replace(other, returned_from=returned_from) if fits else plan


def sum_buffers(blocks: Sequence[Block]) -> int:
    """Return the most bytes beside arrays that a block read with, and those that one wrote with.

    They belong to one chunk, so a larger block has no more. A curve through them had 36 MB where no block had more than
    10: pages that the process gave back meanwhile made it a square.
    """
    peaks = [[block.peaks[phase] for block in blocks] for phase in (Phase.READ, Phase.WRITE)]
    return sum(max(peak.nbytes - peak.tracked_nbytes for peak in found) for found in peaks)


def unit_of(job: Job) -> int:
    """Return the rows of which blocks are multiples: chunks of the output, and of the source where they go together."""
    written, stored = job.sink.unit, job.source.storage_rows
    return math.lcm(written, stored) if written % stored == 0 or stored % written == 0 else written


def _run_alone(job: Job, left: RowsLeft, log: Log, room: Room, rows: int) -> list[Block]:
    """Run a block that may use all the room, and measure it by the pages of the process.

    It is whole storage chunks if it is as large as one, for planned blocks are: one that begins within a chunk reads
    that chunk too.
    """
    unit = unit_of(job)
    unit = unit if rows >= unit else job.sink.unit
    start, stop = left.take(max(rows // unit, 1) * unit, unit)
    budget = room.budget_nbytes - room.base_nbytes
    try:
        found = job.run(start, stop, budget=budget, alone=True)
    except MemoryError as error:
        least = "a single row needs" if job.sink.unit == 1 else f"{job.sink.unit:,} rows, a chunk of the output, need"
        raise ScalingError(
            f"the budget of {format_nbytes(room.budget_nbytes)} is too small: the process has "
            f"{format_nbytes(room.base_nbytes)}, and {least} more than the {format_nbytes(budget)} that are left "
            f"({error.args[0] if error.args else 'MemoryError'})"
        ) from error
    log.add(found)
    return found


def _run_uncounted(job: Job, left: RowsLeft, log: Log, room: Room, rows: int, *, alone: bool = False) -> list[Block]:
    """Run a block of whole chunks of the output whose pages do not show what one needs, and leave them out of the log.

    Returns
    -------
    list of Block
        As `Job.run`, with the pages where it ran `alone`.
    """
    start, stop = left.take(max(rows // job.sink.unit, 1) * job.sink.unit, job.sink.unit)
    found = job.run(start, stop, budget=room.budget_nbytes - room.base_nbytes, alone=alone)
    log.add([_without_pages(block) for block in found])
    return found


def _without_pages(block: Block) -> Block:
    return replace(block, peaks={phase: Peak(peak.tracked_nbytes) for phase, peak in block.peaks.items()})


def _first_rows(job: Job, room: Room, left: int) -> int:
    """Return the rows of the first block: small beside the room, and few of all; one storage chunk where that fits."""
    row = max(row_nbytes(job.source), 1)
    few = left // (4 * sum(_GROWTH))
    nbytes = min(_FIRST_NBYTES, room.share(room.threads) // _FIRST_SHARE)
    rows = max(min(int(nbytes / row), few), job.sink.unit)
    chunk = unit_of(job)
    return chunk if rows < chunk <= min(few, room.share(1) / _MOST_NEEDED / row) else rows


def _settled(job: Job) -> int:
    """Return the bytes of the process without any block, after the first one; waiting partial results are extra."""
    return (anonymous_nbytes() or 0) - job.sink.partial_nbytes


def _conclude(job: Job, measured: list[Block]) -> Amplification:
    name = getattr(job.function, "__qualname__", None) or type(job.function).__name__
    return conclude(name, row_nbytes(job.source), sorted(measured, key=lambda block: block.rows))


def _plan(job: Job, measured: list[Block], left: RowsLeft, room: Room) -> Plan:
    room = replace(room, partial_nbytes=job.sink.partial_nbytes)
    return choose_plan(_conclude(job, measured), room, left=len(left), unit=unit_of(job), whole=job.sink.unit)
