"""Where malloc keeps the buffers of storage chunks between two chunks."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import ndmem
from ndmem.platform.malloc import RUNNING
from ndmem.scaling.block import Block, Peak, Phase
from ndmem.scaling.blocks.measure import keep_buffers, sum_buffers
from ndmem.scaling.blocks.plan import Plan
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
