"""What goes wrong in blocks: wrong arguments, functions that break their promise, journals and files that are there."""

from __future__ import annotations

import re

import numpy as np
import pytest
from tests.scaling.blocks.jobs import ENGINES, THREADS, centre, room

import ndmem

BAD = {
    "a budget below the process": ({"budget": "1 MiB"}, ndmem.ScalingError, "below what the process has"),
    "a budget that is no amount": ({"budget": "lots"}, ndmem.NdmemError, "lots"),
    "another engine": ({"engine": "spark"}, ndmem.NdmemError, "spark"),
    "a negative depth": ({"depth": -1}, ndmem.NdmemError, "depth=-1"),
    "no threads": ({"threads": 0}, ndmem.NdmemError, "threads=0"),
    "a function that is none": ({"func": 3}, ndmem.NdmemError, "func is a int"),
    "fewer rows": ({"func": lambda block: block[1:]}, ndmem.ScalingError, "return an array of as many rows"),
    "no array": ({"func": lambda block: None}, ndmem.ScalingError, "return an array of as many rows"),
    "another shape later": (
        {"func": lambda block: block[:, : 3 if block[-1, 0] else 4]},
        ndmem.ScalingError,
        "each row of the output has shape",
    ),
    "fewer rows around a block": ({"func": lambda block: block[1:], "depth": 1}, ndmem.ScalingError, "with depth=1"),
    "a path of another kind": ({"out": "result.txt"}, ndmem.ScalingError, "txt"),
    "a source of objects": ({"source": np.array([{}, 1], object)}, ndmem.ScalingError, "object"),
    "a source without rows": ({"source": np.ones((0, 3))}, ndmem.ScalingError, "rows"),
}


@pytest.mark.parametrize("case", BAD, ids=lambda name: name.replace(" ", "-"))
def test_bad_input_is_one_clear_error(case, tmp_path, monkeypatch):
    """Each wrong argument, and each function that breaks its promise, is one error that says what is wrong."""
    monkeypatch.chdir(tmp_path)
    values = np.ones((4_000, 5))
    values[:1_000] = 0
    given = {"func": centre, "source": values, "out": None, "budget": "4 GiB", "engine": "loop"}
    changed, kind, message = BAD[case]
    given.update(changed)
    with pytest.raises(kind, match=re.escape(message)):
        ndmem.map_blocks(given.pop("func"), given.pop("source"), given.pop("out"), **given)


def test_an_error_of_the_function_keeps_finished_blocks(table, tmp_path):
    """An exception in mid-run leaves as it is, and the next run goes on behind the finished blocks."""
    path, values = table
    failing = True

    def work(block):
        if failing and block[-1, 0] == values[-1, 0]:
            raise ZeroDivisionError("mine")
        return block + 1

    out = tmp_path / "out.npy"
    with pytest.raises(ZeroDivisionError, match="mine"):
        ndmem.map_blocks(work, path, out, budget=room(60_000_000), engine="loop")
    failing = False
    run = ndmem.map_blocks(work, path, out, budget=room(60_000_000), engine="loop")
    assert run.skipped_rows > 0
    np.testing.assert_array_equal(np.load(out), values + 1)


def test_a_journal_of_another_function_is_refused(table, tmp_path):
    """A run that another function left is not continued, and its output and journal stay."""
    out = tmp_path / "out.npy"

    def fail(block):
        if block[-1, 0] == table[1][-1, 0]:
            raise ZeroDivisionError
        return block

    with pytest.raises(ZeroDivisionError):
        ndmem.map_blocks(fail, table[0], out, budget=room(60_000_000), engine="loop")
    with pytest.raises(ndmem.ScalingError, match="another function"):
        ndmem.map_blocks(centre, table[0], out, budget=room(60_000_000), engine="loop")
    assert out.exists()
    assert (tmp_path / "out.npy.ndmem-blocks").exists()


@pytest.mark.parametrize("content", ["", "[]\n", "{}\n", "\x00\xff", '{"version": 99}\n'])
def test_a_damaged_journal_is_refused(table, tmp_path, content):
    """A file that is no journal is one clear error, and is not changed."""
    (tmp_path / "out.npy").write_bytes(b"")
    journal = tmp_path / "out.npy.ndmem-blocks"
    journal.write_text(content)
    with pytest.raises(ndmem.ScalingError, match="journal"):
        ndmem.map_blocks(centre, table[0], tmp_path / "out.npy", budget="2 GiB", engine="loop")
    assert journal.read_text() == content


def test_a_file_that_is_there_is_not_overwritten(table, tmp_path):
    """An output that no run has left is refused, and stays as it is."""
    (tmp_path / "out.npy").write_bytes(b"mine")
    with pytest.raises(ndmem.ScalingError, match="exists"):
        ndmem.map_blocks(centre, table[0], tmp_path / "out.npy", budget="2 GiB", engine="loop")
    assert (tmp_path / "out.npy").read_bytes() == b"mine"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_row_that_never_fits_is_one_clear_error(tmp_path, engine):
    """A last row that needs 80 MB of 60 ends the run with its size and the budget, and finished blocks stay."""
    values = np.ones((200_000, 50))
    values[-1] = 2
    out = tmp_path / "out.npy"

    def grow(block):
        times = 200_000 // len(block) if block[-1, 0] == 2 else 1
        return np.concatenate([block] * times)[: len(block)].copy()

    with pytest.raises(ndmem.ScalingError, match="a single row needs more than") as caught:
        ndmem.map_blocks(grow, values, out, budget=room(60_000_000), engine=engine, **THREADS[engine])
    assert isinstance(caught.value.__cause__, MemoryError)
    assert len((tmp_path / "out.npy.ndmem-blocks").read_text().splitlines()) > 2
