"""The hook of Python's raw allocator among other hooks: tracemalloc, forks, PYTHONMALLOC."""

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from tests.forking import forks
from tests.raw_allocator import RawBlocks, native_births, read_raw_allocator
from tests.system.running import Place, write_program

import ndmem


def test_the_allocator_is_that_of_before() -> None:
    """After tracking, limits and exceptions the functions of Python's raw allocator are those of before."""
    before = read_raw_allocator()
    with ndmem.track():
        assert read_raw_allocator() != before
        with ndmem.limit("1 GiB"), ndmem.track():
            pass
        assert read_raw_allocator() != before
    assert read_raw_allocator() == before
    with pytest.raises(ZeroDivisionError), ndmem.track():
        _ = 1 / 0
    assert read_raw_allocator() == before


def test_another_tool_above() -> None:
    """A tool that was started later stays installed, and sees all blocks during and after the run."""
    before = read_raw_allocator()
    raw = RawBlocks(gil=True)
    run = ndmem.track().start()
    tracemalloc.start()
    try:
        first = raw.malloc(10**6)
        run.stop()
        second = raw.malloc(2 * 10**6)
        assert tracemalloc.get_traced_memory()[0] >= 3 * 10**6
        with ndmem.track() as again:
            third = raw.malloc(3 * 10**6)
        for block in (first, second, third):
            raw.free(block)
    finally:
        tracemalloc.stop()
    with ndmem.track():
        pass
    assert (native_births(run.trace), native_births(again.trace)) == ([10**6], [3 * 10**6])
    assert read_raw_allocator() == before


def test_a_tool_that_puts_back_the_allocators() -> None:
    """A tool that was started before and stops meanwhile removes the hook, and the report says so."""
    before = read_raw_allocator()
    tracemalloc.start()
    with ndmem.track() as run:
        tracemalloc.stop()
        kept = bytes(10**6)
    assert any("another tool" in note for note in run.trace.run.notes)
    assert (len(kept), native_births(run.trace), read_raw_allocator()) == (10**6, [], before)
    with ndmem.track() as run:
        kept = bytes(10**6)
    assert (native_births(run.trace), run.trace.run.notes) == ([len(kept) + 33], ())


@forks
def test_a_forked_child_begins_without_the_hook() -> None:
    """The child of a fork has the allocators of before, and can track on its own."""
    before = read_raw_allocator()
    with ndmem.track():
        child = os.fork()
        if child == 0:
            good = read_raw_allocator() == before
            with ndmem.track() as run:
                kept = bytes(10**6)
            os._exit(0 if good and native_births(run.trace) == [len(kept) + 33] else 1)
        assert os.waitpid(child, 0)[1] == 0


def test_objects_beside_the_raw_allocator_are_told() -> None:
    """With PYTHONMALLOC=malloc Python's objects do not come from the raw allocator, and the report says so."""
    text = "import ndmem\nwith ndmem.track() as run: kept = bytes(10**6)\nprint(*run.trace.run.notes)"
    done = subprocess.run(
        [sys.executable, "-c", text],
        env={**os.environ, "PYTHONMALLOC": "malloc"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, "PYTHONMALLOC=malloc" in done.stdout) == (0, True)


@pytest.mark.parametrize("allocator", ["debug", "pymalloc", "pymalloc_debug"])
def test_pythons_own_other_allocators(allocator: str) -> None:
    """With PYTHONMALLOC the blocks are the same, and the process ends as it does without tracking."""
    text = """
import numpy as np, ndmem
from ndmem import _native
recording = _native.Recording(4096, raw=True)
recording.start()
kept = [bytes(10**6), bytearray(10**6), np.ones(20_000)]
kept[1] += bytes(10**6)
del kept[0]
recording.stop()
print(recording.live, recording.native_peak >= 3 * 10**6)
"""
    done = subprocess.run(
        [sys.executable, "-c", text],
        env={**os.environ, "PYTHONMALLOC": allocator},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "160000 True\n", "")


_WITHOUT_NATIVE = """
import numpy as np, ndmem
kept = bytes(40 * 10**6)
array = np.ones(10**6)
with ndmem.track() as run:
    other = bytes(10**6)
print(run.trace.native, run.trace.run.notes)
"""


def test_a_user_who_wants_no_native_memory_has_none(tmp_path: Path) -> None:
    """Under ndmem run --no-native neither the limit nor a block that the program tracks counts native blocks."""
    place = Place(tmp_path)
    outcome = place.run_tracked("--no-native", "--limit", "20 MiB", write_program(tmp_path, _WITHOUT_NATIVE))
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, b"None ()\n", b"")
    trace = ndmem.load(place.trace).trace
    assert (trace.native, trace.dropped) == (None, 0)
