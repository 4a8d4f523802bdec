"""The table of a message: shorter than the call tree, with the same sums."""

import zlib
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.random_traces import traces
from tests.traces import NUMPY, USER, Frame, TraceBuilder

from ndmem.model.cluster import TASKS_FILE
from ndmem.model.trace import Trace
from ndmem.scaling.cluster.message import DAMAGE
from ndmem.scaling.cluster.table import OUTSIDE, ZARR, Table, decode_table, summarise

COMM = "/venv/lib/python3.12/site-packages/distributed/comm/tcp.py"
LOOP = Frame("/usr/lib/python3.12/asyncio/events.py", 88, "_run")


def _sums(table: Table) -> list[int]:
    return [sum(getattr(row, name) for row in table.rows) for name in ("count", "total", "live", "at_peak")]


def _frames(table: Table, row: int) -> list[tuple[str, str, int]]:
    """Return the frames of a row, root first."""
    found = []
    while row >= 0:
        site = table.rows[row].site
        found.append((site.filename, site.function, site.lineno))
        row = table.rows[row].parent
    return found[::-1]


@given(trace=traces())
def test_the_sums_of_a_table_are_those_of_the_trace(trace: Trace) -> None:
    """Counters over all rows sum to those of the whole call tree, and the peak."""
    columns = (trace.tallies.count, trace.tallies.total, trace.tallies.live, trace.tallies.at_peak)
    assert _sums(summarise(trace)) == [int(column.sum()) for column in columns]


@given(trace=traces())
def test_a_table_survives_its_way(trace: Trace) -> None:
    """Decoding what was encoded gives the same rows and the same row of the peak."""
    table = summarise(trace)
    found = decode_table(table.encode())
    assert (found.rows, found.peak) == (table.rows, table.peak)


@given(trace=traces(), cut=st.integers(0, 200), byte=st.integers(0, 255))
def test_a_damaged_table_is_refused_or_consistent(trace: Trace, cut: int, byte: int) -> None:
    """A table with a changed byte raises one of the known errors, or its callers still come before their calls."""
    data = bytearray(summarise(trace).encode())
    data[cut % len(data)] = byte
    try:
        table = decode_table(bytes(data))
    except DAMAGE:
        return
    assert all(row.parent < number for number, row in enumerate(table.rows))


def test_a_caller_after_its_call_is_refused() -> None:
    """A row whose caller comes later is an error, not an endless walk."""
    text = b'{"files": ["a"], "rows": [[0, 0, 1, 1, null, null, "f", 1, 1, 1, 1, 1]], "peak": -1}'
    with pytest.raises(ValueError, match="caller"):
        decode_table(zlib.compress(text))


def test_stacks_begin_with_their_task_group() -> None:
    """Frames above a task's are left out, and those of libraries but for the innermost one."""
    builder = TraceBuilder()
    task = Frame(TASKS_FILE, 2, "normalise")
    library = Frame(NUMPY, 7, "_mean")
    builder.born((LOOP, task, library, Frame(USER, 3, "work"), library, Frame(NUMPY, 9, "_sum")), 100)
    table = summarise(builder.build())
    (row,) = [number for number, each in enumerate(table.rows) if each.count]
    assert _frames(table, row) == [(TASKS_FILE, "normalise", 1), (USER, "work", 3), (NUMPY, "_sum", 9)]
    assert table.peak == row


def test_work_beside_tasks_has_groups() -> None:
    """What the network, zarr's thread and other code allocate has groups; inside a task it is the task's."""
    builder = TraceBuilder()
    zarr = Frame("/venv/lib/python3.12/site-packages/zarr/core/buffer/cpu.py", 70, "create")
    task = Frame(TASKS_FILE, 2, "load")
    for path, nbytes in (
        ((LOOP, Frame(COMM, 1, "read")), 1),
        ((LOOP, zarr), 20),
        ((Frame(USER, 5, "main"), LOOP), 300),
        ((LOOP, task, zarr), 4000),
    ):
        builder.born(path, nbytes)
    totals: Counter[str] = Counter()
    table = summarise(builder.build())
    for number, each in enumerate(table.rows):
        totals[_frames(table, number)[0][1]] += each.total
    assert totals == {"(communication)": 1, ZARR: 20, OUTSIDE: 300, "load": 4000}


def test_many_stacks_are_summed_by_group() -> None:
    """Of thousands of stacks some are shown, those with most at the peak among them; the group has the others."""
    builder = TraceBuilder()
    for number in range(2000):
        builder.born((Frame(TASKS_FILE, 2, f"group-{number % 3}"), Frame(USER, number + 1, "f")), number + 1)
    trace = builder.build()
    table = summarise(trace)
    assert len(table.rows) < 100
    assert _sums(table)[1] == 2000 * 2001 // 2
    shown = {row.site.lineno for row in table.rows if row.site.filename == USER}
    assert set(range(1990, 2001)) <= shown


def test_native_blocks_are_not_in_a_table() -> None:
    """A worker under a preload has native blocks in its call tree; the table is of arrays."""
    builder = TraceBuilder(native_threshold=16)
    builder.born((Frame(USER, 1),), 100)
    trace = builder.build()
    native = replace(trace, tree=replace(trace.tree, domain=trace.tree.domain + 1))
    assert _sums(summarise(native)) == [0, 0, 0, 0]
