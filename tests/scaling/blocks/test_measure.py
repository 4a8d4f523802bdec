"""Which blocks measure a job, and what is planned from them."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest

from ndmem.scaling.amplification import conclude
from ndmem.scaling.block import Block, Peak, Phase
from ndmem.scaling.blocks import measure
from ndmem.scaling.blocks.log import Log
from ndmem.scaling.blocks.measure import find_kept_part, measure_job
from ndmem.scaling.blocks.plan import Room
from ndmem.scaling.blocks.rows_left import RowsLeft

ROWS = 100_000


class ComputedJob:
    """A job of rows of 1,000 bytes, whose blocks need what a rule says; nothing is computed.

    Parameters
    ----------
    stored, written : int
        Rows of a chunk of the source and of the output.
    needs : callable
        Returns the bytes for a block of some rows, all of them of arrays.
    pages : callable, optional
        Returns the bytes of pages for a block that runs alone; without it the system has no high-water mark.
    """

    function = staticmethod(len)
    depth = 0

    def __init__(self, needs, *, stored, written=1, pages=lambda rows: None):
        self.source = SimpleNamespace(shape=(ROWS, 125), dtype=np.dtype("f8"), storage_rows=stored)
        self.sink = SimpleNamespace(unit=written, partial_nbytes=0)
        self.needs, self.pages = needs, pages
        self.alone, self.others = [], []

    def run(self, start, stop, *, budget, alone=False):
        """Note the rows, and return a block of them."""
        assert self.needs(stop - start) <= budget
        (self.alone if alone else self.others).append((start, stop))
        rows = stop - start
        peak = Peak(self.needs(rows), self.pages(rows) if alone else None)
        peaks = {phase: Peak(0) for phase in Phase} | {Phase.FUNCTION: peak}
        return [Block(start, stop, 0, 0, peaks, 0.0)]


def measured(job, *, threads=2):
    """Measure a job within 100 MB, of which a process without blocks has nothing; 5 MB are the margin."""
    return measure_job(job, RowsLeft(ROWS), Log(lambda rows: None), Room(100_000_000, 0, threads))


@pytest.fixture(autouse=True)
def empty_process(monkeypatch):
    """Have a process without anonymous memory."""
    monkeypatch.setattr(measure, "anonymous_nbytes", lambda: 0)


@pytest.mark.parametrize(
    ("stored", "sizes"),
    [
        pytest.param(100, [300, 300, 700, 1_400], id="371 rows are 95 MB / 2 / 128: 3 chunks, then 742 and 1,484 rows"),
        pytest.param(1_000, [1_000, 1_000, 2_000, 4_000], id="one chunk is more than 371, and little of the room"),
        pytest.param(2_968, [2_968, 2_968, 5_936, 11_872], id="95 MB / 32 are 2,968 rows"),
        pytest.param(2_969, [371, 371, 742, 1_484], id="a chunk that may not fit is not read as a whole"),
    ],
)
def test_small_blocks_are_whole_storage_chunks(stored, sizes):
    """Blocks that measure are multiples of a storage chunk and begin at one, unless a chunk is much of the room."""
    job = ComputedJob(lambda rows: 1_000 * rows, stored=stored)
    measured(job)
    assert [stop - start for start, stop in job.alone[:4]] == sizes
    assert stored > 2_968 or all(start % stored == 0 for start, _ in job.alone)


def test_a_first_block_is_not_a_large_part_of_all_rows():
    """A chunk of 3,126 of 100,000 rows is more than one part in 32, which is 3,125; one of 3,125 rows is read whole."""
    for stored, first in ((3_125, 3_125), (3_126, 2_097)):
        job = ComputedJob(lambda rows: 1_000 * rows, stored=stored)
        measure_job(job, RowsLeft(ROWS), Log(lambda rows: None), Room(10**9, 0, 1))
        assert job.alone[0] == (0, first)


def test_chunks_of_the_output_are_whole_too():
    """Of chunks of 300 rows that are read and 200 that are written, neither divides the other, and 200 count.

    The first block of at most 371 rows is one chunk of 200; twice and four times as many, 742 and 1,484, are 3 and 7.
    """
    job = ComputedJob(lambda rows: 1_000 * rows, stored=300, written=200)
    measured(job)
    assert [stop - start for start, stop in job.alone[:4]] == [200, 200, 600, 1_400]


def read_in_chunks(rows):
    """Return the bytes for a function of 30 times its block, and 6 MB more for a part of a chunk of 1,000 rows."""
    return 30_000 * rows + (6_000_000 if rows % 1_000 else 0)


def test_a_plan_below_all_measured_blocks_is_checked_in_its_own_size():
    """Blocks of 775 rows for four threads, below the measured chunks of 1,000, show that they need 29.25 MB each.

    95 MB / 4 are 791 rows of 30,000 bytes, and 96,000 rows in blocks of at most 791 are 31 of 775 rows each.
    Four of them would need 117 MB. Three chunks of 1,000 rows at a time need 90.
    """
    job = ComputedJob(read_in_chunks, stored=1_000)
    found = measured(job, threads=4)
    assert [stop - start for start, stop in job.alone] == [1_000, 1_000, 1_000, 1_000, 775]
    assert (found.plan.threads, found.plan.rows) == (3, 1_000)
    assert found.plan.threads * read_in_chunks(found.plan.rows) <= 95_000_000


def test_a_larger_plan_is_checked_in_half_its_size():
    """After small blocks of 2,700 rows in all, one of half of the planned 24,400 rows runs alone, and that is enough.

    Two threads have 47.5 MB each, so that 97,300 rows are two blocks for each, of 24,325 rows: 244 chunks of 100.
    """
    job = ComputedJob(lambda rows: 1_000 * rows, stored=100)
    measured(job)
    assert job.alone[4:] == [(2_700, 2_700 + 12_200)]


BASE = 1_000_000
"""Anonymous bytes of the process without what is kept."""


@pytest.mark.parametrize(
    ("kept", "highest", "part"),
    [
        pytest.param(1_500_000, 2_800_000, 1.0, id="no more than without keeping"),
        pytest.param(1_500_000, 2_850_000, 1.0, id="50,000 more, below 2 per cent of 2,800,000"),
        pytest.param(1_500_000, 3_300_000, 1_000_000 / 2_800_000, id="of 1.5 MB kept 0.5 MB is too much"),
        pytest.param(1_500_000, 4_800_000, 0.0, id="all that was kept is too much"),
    ],
)
def test_what_is_kept_is_what_no_library_needs(monkeypatch, kept, highest, part):
    """Of what was kept at the begin of a block, as much goes as its function then exceeds the peak of before by.

    A block of half of the last small size, 700 rows of 4,000 bytes, needs 2.8 MB above the process without what is
    kept. What the process has after its end does not count.
    """
    is_kept = False

    @contextmanager
    def keeping(nbytes):
        nonlocal is_kept
        assert nbytes == pytest.approx(2_800_000, rel=1e-6)  # of a curve that is rounded up
        is_kept = True
        yield
        is_kept = False

    monkeypatch.setattr(measure, "freed_arrays_kept", keeping)
    monkeypatch.setattr(measure, "anonymous_nbytes", lambda: BASE + (kept if is_kept else 0))
    job = ComputedJob(
        lambda rows: 4_000 * rows, stored=100, pages=lambda rows: highest - kept if is_kept else 4_000 * rows
    )
    plan = measure_job(job, RowsLeft(ROWS), Log(lambda rows: None), Room(101_000_000, BASE, 2)).plan
    assert [stop - start for start, stop in (*job.others, job.alone[-1])] == [700, 700]
    assert plan.kept_nbytes == pytest.approx(part * 4_000 * plan.rows, rel=1e-6)


def test_what_is_kept_is_measured_in_blocks_that_fit():
    """Where four threads have fewer rows at a time than a small block had, half of these measure what is kept.

    After the check of 775 rows, 95,225 are left for blocks of at most 791: 31 for each thread, of 768 rows.
    """
    job = ComputedJob(lambda rows: 30_000 * rows, stored=1_000, pages=lambda rows: 30_000 * rows)
    measured(job, threads=4)
    assert [stop - start for start, stop in (*job.others, job.alone[-1])] == [384, 384]


def test_without_a_mark_nothing_is_kept():
    """Where the system has no high-water mark no arrays are kept, and no block is run to find that out."""
    job = ComputedJob(lambda rows: 1_000 * rows, stored=100)
    assert measured(job).plan.kept_nbytes == 0
    assert not job.others


def needs_beside(*, reading, writing):
    """Return what blocks of rows of 1,000 bytes need: arrays of 50 times as much, and pages beside them."""

    def block(rows):
        sides = ((Phase.READ, reading), (Phase.WRITE, writing))
        hiding = {phase: Peak(4_000 * rows, 4_000 * rows + more) for phase, more in sides}
        return Block(0, rows, 0, 0, hiding | {Phase.FUNCTION: Peak(50_000 * rows)}, 1.0)

    return conclude("f", 1_000, [block(rows) for rows in (100, 200, 400)])


@pytest.mark.parametrize(
    ("reading", "writing", "part"),
    [
        pytest.param(8_000_000, 0, 0.84, id="8 of 50 MB for reading"),
        pytest.param(0, 8_000_000, 0.84, id="8 of 50 MB for writing"),
        pytest.param(1_000_000, 1_000_000, 1.0, id="1 of 50 MB is little"),
        pytest.param(0, 0, 1.0, id="nothing beside the arrays"),
        pytest.param(60_000_000, 0, 0.08, id="reading needs 64 MB, 4 of them arrays: the others have no place"),
    ],
)
def test_what_is_kept_leaves_room_for_reading_and_writing(reading, writing, part):
    """Blocks of 1,000 rows have arrays of 50 MB, of which is not kept what zarr needs, whatever the number of rows."""
    needed = needs_beside(reading=reading, writing=writing)
    assert find_kept_part(needed, 1_000) == pytest.approx(part, abs=1e-3)


def test_a_larger_part_of_larger_blocks_is_kept():
    """Of 10 and 50 MB of arrays, 8 MB that zarr needs for its chunks are four fifths and four of 25 parts."""
    needed = needs_beside(reading=8_000_000, writing=0)
    assert find_kept_part(needed, 200) == pytest.approx(0.2, abs=1e-3)
    assert find_kept_part(needed, 1_000) == pytest.approx(0.84, abs=1e-3)
