"""Where malloc keeps the buffers of storage chunks between two chunks."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from tests.scaling.blocks.jobs import centre, room

import ndmem
from ndmem.platform.malloc import RUNNING
from ndmem.scaling import work
from ndmem.scaling.block import Block, Peak, Phase
from ndmem.scaling.blocks import measure
from ndmem.scaling.blocks.job import Job
from ndmem.scaling.blocks.log import Log
from ndmem.scaling.blocks.measure import keep_buffers, measure_job, sum_buffers
from ndmem.scaling.blocks.plan import Plan, Room
from ndmem.scaling.blocks.rows_left import RowsLeft
from ndmem.scaling.sources.zarr import ZarrRows

MIB = 2**20
PLAN = Plan(1_000, 2, 0, 10**8, 0, 10**7, 10**8, "the budget")
OTHER = replace(PLAN, rows=600, block_nbytes=9 * 10**7)


def source(chunk_rows, *, one_at_a_time=True):
    """Return rows of 16 KiB in chunks of some of them; nothing is stored."""
    shape, dtype = (10**6, 2_048), np.dtype("f8")
    return ZarrRows(None, shape, dtype, "x", (chunk_rows, 2_048), one_at_a_time=one_at_a_time)


@pytest.mark.parametrize(("chunk_rows", "nbytes"), [(33, 66 * 2**14), (256, 8 * MIB), (300, 600 * 2**14)])
def test_two_chunks_stay(chunk_rows, nbytes):
    """A block of 600 rows has two chunks of up to 300, of 16 KiB a row: malloc returns blocks of two chunks."""
    found = keep_buffers(SimpleNamespace(source=source(chunk_rows)), PLAN, lambda: OTHER)
    assert found == replace(OTHER, returned_from=nbytes)


@pytest.mark.parametrize(
    ("rows", "other"),
    [
        pytest.param(source(256, one_at_a_time=False), OTHER, id="several chunks are read at a time"),
        pytest.param(SimpleNamespace(kind="npy"), OTHER, id="another source"),
        pytest.param(source(32), OTHER, id="two chunks are 1 MiB, as without them"),
        pytest.param(source(301), OTHER, id="a block of 600 rows is less than two chunks"),
        pytest.param(source(1_025), replace(OTHER, rows=9_000), id="two chunks are more than glibc takes, 32 MiB"),
        pytest.param(source(256), replace(OTHER, threads=1), id="a thread would have no room"),
        pytest.param(source(256), replace(OTHER, kept_nbytes=0), id="arrays get no mappings of their own"),
    ],
)
def test_the_plan_stays_where_they_may_not(rows, other):
    """Where arrays would be in malloc's heaps too, or nothing would be gained, all that is freed is returned."""
    assert keep_buffers(SimpleNamespace(source=rows), PLAN, lambda: other) is PLAN
    assert PLAN.returned_from == RUNNING


def test_buffers_are_those_of_one_chunk():
    """Blocks that read with 7 and 8 bytes beside arrays, and wrote with 3 and 2, have buffers of 11 bytes."""

    def block(rows, read, written):
        peaks = {Phase.READ: Peak(rows, rows + read), Phase.FUNCTION: Peak(9 * rows, 99 * rows)}
        return Block(0, rows, 0, 0, peaks | {Phase.WRITE: Peak(rows, rows + written)}, 1.0)

    assert sum_buffers([block(10, 7, 3), block(40, 8, 2)]) == 11
    unseen = {phase: Peak(100) for phase in Phase}
    assert sum_buffers([Block(0, 10, 0, 0, unseen, 1.0)]) == 0


def test_the_plan_stays_where_buffers_do_not_fit():
    """A budget that has no room for a row beside the buffers has the blocks it had."""

    def refuse():
        raise ndmem.ScalingError("too small")

    assert keep_buffers(SimpleNamespace(source=source(256)), PLAN, refuse) is PLAN


class ReadingJob:
    """A job of rows of 16 KiB in chunks of 64, whose function needs 4 times its block.

    Reading needs 5 MB beside arrays, and writing 3 MB.
    """

    function = staticmethod(len)
    source = source(64)
    sink = SimpleNamespace(unit=1, partial_nbytes=0)

    def run(self, start, stop, *, budget, alone=False):
        """Return a block of some rows; nothing is computed."""
        nbytes = (stop - start) * 2**14
        beside = {Phase.READ: 5_000_000, Phase.FUNCTION: 3 * nbytes, Phase.WRITE: 3_000_000}
        peaks = {
            phase: Peak(nbytes + (more if phase is Phase.FUNCTION else 0), nbytes + more if alone else None)
            for phase, more in beside.items()
        }
        return [Block(start, stop, nbytes, nbytes, peaks, 1.0)]


@pytest.mark.parametrize(
    ("threads", "of_zarr", "nbytes"),
    [
        pytest.param(1, 6, 24_000_000, id="two of five others"),
        pytest.param(2, 6, 16_000_000, id="two of four others"),
        pytest.param(2, 3, 12_000_000, id="one other"),
        pytest.param(4, 6, 12_000_000, id="two others"),
        pytest.param(4, 4, 8_000_000, id="no others"),
        pytest.param(4, 2, 8_000_000, id="zarr will have as many as read"),
    ],
)
def test_the_plan_has_room_for_the_buffers_of_zarr(monkeypatch, threads, of_zarr, nbytes):
    """Each thread has room for 8 MB, and for its part of as much for up to two threads more that zarr has."""
    monkeypatch.setattr(measure, "anonymous_nbytes", lambda: 0)
    monkeypatch.setattr(measure, "count_zarr_threads", lambda: of_zarr)
    monkeypatch.setattr(measure, "freed_arrays_kept", lambda nbytes: nullcontext())
    found = measure_job(ReadingJob(), RowsLeft(10**6), Log(lambda rows: None), Room(10**9, 0, threads))
    plan = found.plan
    assert plan.returned_from == 2 * 64 * 2**14
    assert plan.threads == threads
    assert plan.block_nbytes == pytest.approx(4 * 2**14 * plan.rows + nbytes, rel=1e-3)
    assert threads * plan.block_nbytes <= 950_000_000


@pytest.mark.parametrize(("returned_from", "trims"), [(RUNNING, False), (4 * MIB, True)])
def test_heaps_are_trimmed_between_phases_while_buffers_are_kept(monkeypatch, table, returned_from, trims):
    """Planned blocks return what other threads of zarr have freed, if malloc keeps it at all."""
    asked = []

    def run(job, start, stop, *, budget, alone=False, trims=False):
        asked.append(trims)
        return run_plainly(job, start, stop, budget=budget, alone=alone, trims=trims)

    run_plainly = Job.run
    monkeypatch.setattr(Job, "run", run)
    monkeypatch.setattr(measure, "keep_buffers", lambda job, plan, other: replace(plan, returned_from=returned_from))
    found = ndmem.map_blocks(centre, table[0], budget=room(2**31), engine="loop")
    np.testing.assert_array_equal(found.result, centre(table[1]))
    assert asked[-1] is trims


@pytest.mark.parametrize(("trims", "times"), [(True, 3), (False, 0)])
def test_each_phase_begins_with_trimmed_heaps(monkeypatch, trims, times):
    """Reading, the function and writing each begin with a call of malloc_trim."""
    trimmed = []
    monkeypatch.setattr(work, "trim_heap", lambda: trimmed.append(1))
    done = work.Work(lambda start, stop: ((np.ones(stop - start),), 0), np.negative, lambda start, result: None)
    work.work_on(done, 0, 10, trims=trims)
    assert len(trimmed) == times
