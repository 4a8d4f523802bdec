"""Memory of freed arrays that is kept for the next ones."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.truth.oracle import watch_arrays

import ndmem
from ndmem import _native
from ndmem.platform.breakdown.heap import heap_figures
from ndmem.platform.resident.anonymous import anonymous_nbytes
from ndmem.scaling.kept_arrays import freed_arrays_kept

MIB = 2**20


def address(array: np.ndarray) -> int:
    """Return where the array's data begin."""
    return int(array.__array_interface__["data"][0])


@pytest.fixture
def kept() -> Iterator[None]:
    """Keep 16 MiB."""
    with freed_arrays_kept(16 * MIB):
        yield


@pytest.mark.usefixtures("kept")
def test_an_array_gets_the_memory_of_the_last_one_of_its_size() -> None:
    """An array that is up to an eighth smaller takes the place of a freed one; one that is half as large does not."""
    first = np.empty(4 * MIB, "u1")
    place = address(first)
    del first
    half = np.empty(2 * MIB, "u1")
    smaller = np.empty(4 * MIB - 1000, "u1")
    assert address(half) != place
    assert address(smaller) == place


@pytest.mark.usefixtures("kept")
def test_an_array_gets_the_memory_of_one_that_was_a_little_smaller() -> None:
    """An array that is larger by one part in 32 takes the place of a freed one; one that is still larger does not."""
    first = np.empty(4 * MIB, "u1")
    place = address(first)
    del first
    much_larger = np.empty(4 * MIB + MIB // 8 + 1, "u1")
    larger = np.empty(4 * MIB + MIB // 8, "u1")
    assert address(much_larger) != place
    assert address(larger) == place
    larger[:] = 7
    assert (larger == 7).all()


@pytest.mark.usefixtures("kept")
def test_zeros_are_zeros_where_other_values_were_freed() -> None:
    """``np.zeros`` takes the memory of its size that has other values, and gives zeros."""
    array = np.empty(4 * MIB, "u1")
    array[:] = 7
    place = address(array)
    del array
    zeros = np.zeros(4 * MIB, "u1")
    assert address(zeros) == place
    assert not zeros.any()


PROGRAM = """
import numpy as np
from ndmem.platform.malloc import RUNNING, freed_memory_returned
from ndmem.platform.resident.anonymous import anonymous_nbytes
from ndmem.scaling.kept_arrays import freed_arrays_kept

def show():
    print(round((anonymous_nbytes() - before) / 2**20))

def ones(mebibytes):
    return np.ones(mebibytes * 2**20, "u1")

ones(4)
with freed_memory_returned(RUNNING):
    before = anonymous_nbytes()
    with freed_arrays_kept(8 * 2**20):
        arrays = [ones(4), ones(4)]
        show()
        arrays.clear()
        show()
        large = ones(6)
        show()
        more = [ones(4), ones(4)]
        show()
        del large, more
        show()
    show()
"""


def test_live_and_kept_memory_stay_within_the_number() -> None:
    """Two freed arrays of 4 MiB stay; one of 6 takes their room; of 14 live ones 8 stay, and none after the end."""
    printed = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["8", "8", "6", "14", "8", "0"]


IN_HEAPS = """
import sys
import numpy as np
from ndmem.platform.malloc import freed_memory_returned
from ndmem.platform.resident.anonymous import anonymous_nbytes
from ndmem.scaling.kept_arrays import freed_arrays_kept

with freed_memory_returned(8 * 2**20), freed_arrays_kept(2**20, least_room=int(sys.argv[1])):
    before = anonymous_nbytes()
    arrays = [np.ones(2 * 2**20, "u1") for _ in range(20)]
    full = anonymous_nbytes()
    del arrays[:-1]
    print(*((now - before) / 2**20 for now in (full, anonymous_nbytes())))
"""


@pytest.mark.skipif(anonymous_nbytes() is None or heap_figures() is None, reason="needs /proc and glibc")
def test_arrays_are_returned_where_malloc_keeps_smaller_blocks_of_libraries() -> None:
    """Of 20 arrays of 2 MiB the last is left: malloc, which returns 8 MiB and more, was asked for that much for each.

    Asked for their own bytes, it has all 20 in its heap, whose top is the last one.
    """
    run = [sys.executable, "-c", IN_HEAPS]
    found = {
        room: subprocess.run([*run, str(room)], capture_output=True, text=True, check=True) for room in (0, 8 * MIB)
    }
    full, left = zip(*(map(float, found[room].stdout.split()) for room in (0, 8 * MIB)), strict=True)
    assert full == pytest.approx((40, 40), abs=2)  # one more huge page at most, where the system gives them unasked
    assert left == pytest.approx((40, 2), abs=2)


@pytest.mark.usefixtures("kept")
def test_a_second_one_inside_does_nothing() -> None:
    """A nested block changes nothing, and its end does not end the outer one."""
    with freed_arrays_kept(1):
        pass
    array = np.empty(4 * MIB, "u1")
    place = address(array)
    del array
    assert address(np.empty(4 * MIB, "u1")) == place


def test_an_array_outlives_the_end() -> None:
    """Arrays that were born inside are whole after the end, and can be resized and freed there."""
    with freed_arrays_kept(16 * MIB):
        arrays = [np.full(2 * MIB, number, "u1") for number in range(3)]
    arrays[0].resize(4 * MIB, refcheck=False)
    assert [int(array[MIB]) for array in arrays] == [0, 1, 2]
    del arrays


def test_track_sees_the_same_bytes() -> None:
    """Peak and live bytes are those of the arrays, whichever began first: two new ones beside the last one of 5 MiB."""

    def work() -> None:
        for _ in range(3):
            first = np.ones(3 * MIB, "u1")
            second = first + first
            del first
            second.resize(5 * MIB, refcheck=False)

    figures = []
    for number in (1, 64 * MIB):
        with ndmem.track() as outside, freed_arrays_kept(number):
            work()
        with freed_arrays_kept(number), ndmem.track() as inside:
            work()
        figures += [(run.peak, run.live) for run in (outside, inside)]
    assert figures == [(11 * MIB, 0)] * 4


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # of 3.12: a process of threads is forked
def test_a_forked_child_allocates() -> None:
    """A child that is forked while threads allocate can allocate and free large arrays itself."""
    stop = threading.Event()

    def allocate() -> None:
        while not stop.is_set():
            np.empty(2 * MIB, "u1")

    with freed_arrays_kept(16 * MIB):
        thread = threading.Thread(target=allocate)
        thread.start()
        try:
            for _ in range(10):
                child = os.fork()
                if child == 0:
                    np.ones(2 * MIB, "u1")
                    os._exit(0)
                assert os.waitpid(child, 0)[1] == 0
        finally:
            stop.set()
            thread.join()


def test_another_library_that_stays_on_top_is_not_called_twice() -> None:
    """Functions that were left below another library's serve the next time, and go when that library has gone."""
    with contextlib.ExitStack() as library:
        with freed_arrays_kept(16 * MIB):
            seen = library.enter_context(watch_arrays())
        with freed_arrays_kept(16 * MIB):
            array = np.empty(4 * MIB, "u1")
            place = address(array)
            del array
            assert address(np.empty(4 * MIB, "u1")) == place
    with freed_arrays_kept(16 * MIB):
        pass
    assert (seen.births, seen.peak_nbytes) == (2, 4 * MIB)


def test_only_numbers_of_bytes_are_taken() -> None:
    """A negative number, one beyond an address and a text are refused, and nothing is kept after."""
    for wrong, error in ((-1, OverflowError), (2**64, OverflowError), ("1", TypeError)):
        with pytest.raises(error):
            _native.keep_blocks(wrong, 0)  # type: ignore[arg-type]
        with pytest.raises(error):
            _native.keep_blocks(MIB, wrong)  # type: ignore[arg-type]
    assert _native.keep_blocks(0, 0)


STEPS = st.lists(
    st.tuples(st.sampled_from(["empty", "zeros", "resize", "free"]), st.integers(0, 7), st.integers(0, 6 * MIB)),
    max_size=40,
)


@given(STEPS)
def test_every_array_keeps_its_values(steps: list[tuple[str, int, int]]) -> None:
    """Whatever is born, resized and freed in whatever order, each array has what was written to it."""
    arrays: dict[int, np.ndarray] = {}
    with freed_arrays_kept(8 * MIB):
        for at, (what, place, nbytes) in enumerate(steps):
            mark = at % 251 + 1
            if what == "free" or (what == "resize" and place not in arrays):
                arrays.pop(place, None)
                continue
            if what == "resize":
                kept_part = arrays[place][: min(nbytes, len(arrays[place]))].copy()
                arrays[place].resize(nbytes, refcheck=False)
                assert np.array_equal(arrays[place][: len(kept_part)], kept_part)
            elif what == "zeros":
                arrays[place] = np.zeros(nbytes, "u1")
                assert not arrays[place].any()
            else:
                arrays[place] = np.empty(nbytes, "u1")
            arrays[place][:] = mark
            for other, array in arrays.items():
                assert len(array) == 0 or array.min() == array.max(), other
