"""The core continues stacks of library code at the line that waits, and reads the names of threads."""

import functools
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import ndmem
from ndmem import _native
from ndmem.user_code import find_library_roots, owner_texts

ROW = np.ones(100)
SQUARE = 100 * 100 * 8


@pytest.fixture(autouse=True)
def _threads_only_switch_where_they_wait() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    yield
    sys.setswitchinterval(before)


def squares_by_line(run: ndmem.TrackedRun) -> dict[str, int]:
    """Return how many squares each line allocated, itself or through its calls, by its text."""
    lines = [line for line in run.lines() if line.filename == __file__ and line.total_nbytes >= SQUARE]
    return {line.source or "": line.total_nbytes // SQUARE for line in lines}


def test_one_pool_serves_two_lines() -> None:
    """Threads of a pool that is used again count for each line what that line waited for."""
    square = functools.partial(np.outer, ROW)
    with ThreadPoolExecutor(1) as pool, ndmem.track() as run:
        pool.submit(int).result()  # starts the thread
        few = list(pool.map(square, [ROW] * 2))
        many = list(pool.map(square, [ROW] * 7))
    assert squares_by_line(run) == {
        "few = list(pool.map(square, [ROW] * 2))": len(few),
        "many = list(pool.map(square, [ROW] * 7))": len(many),
    }


def test_frames_of_the_user_in_the_thread_win() -> None:
    """An array of a function of this file that a pool calls counts for the line of that function alone."""

    def work(row: np.ndarray) -> np.ndarray:
        return np.outer(row, row)

    with ThreadPoolExecutor(1) as executor, ndmem.track() as run:
        list(executor.map(work, [ROW] * 3))
    assert squares_by_line(run) == {"return np.outer(row, row)": 3}


def test_a_thread_waits_below_a_deep_stack() -> None:
    """The main thread may wait at any depth; the line is that of its innermost call."""

    def descend(depth: int) -> None:
        if depth:
            descend(depth - 1)
        else:
            executor.submit(np.outer, ROW, ROW).result()

    with ThreadPoolExecutor(1) as executor, ndmem.track() as run:
        executor.submit(int).result()  # the thread runs before
        descend(200)
    assert run.lines()[0].source == "executor.submit(np.outer, ROW, ROW).result()"


class _ManyAttributes(threading.Thread):
    """A thread with more attributes than an object without a dict has."""

    def __init__(self, name: str) -> None:
        for number in range(60):
            setattr(self, f"attribute_{number}", number)
        super().__init__(name=name)

    def run(self) -> None:
        self.kept = np.zeros(1000)


def test_names_wherever_the_interpreter_keeps_attributes() -> None:
    """The name of a thread is found beside its object, in its dict, and beyond ASCII; it is cut after 63 bytes."""
    threads: list[threading.Thread] = [
        threading.Thread(target=np.zeros, args=(1000,), name="beside"),
        threading.Thread(target=np.zeros, args=(1000,), name="in its dict"),
        threading.Thread(target=np.zeros, args=(1000,), name="zählt ✓"),
        threading.Thread(target=np.zeros, args=(1000,), name="x" * 100),
        _ManyAttributes("many"),
    ]
    assert vars(threads[1])["_name"] == "in its dict"  # creates the dict
    with ndmem.track() as run:
        for thread in threads:
            thread.start()
            thread.join()
    assert set(run.trace.threads.values()) == {thread.name[:63] for thread in threads}


def test_a_later_recording_has_names_that_were_found_before() -> None:
    """A recording that begins while another runs has the names of threads that the first has seen."""
    with ndmem.track(), ThreadPoolExecutor(1, "early") as executor:
        executor.submit(np.zeros, 1000).result()
        with ndmem.track() as inner:
            executor.submit(np.zeros, 1000).result()
    assert "early_0" in inner.trace.threads.values()


@pytest.mark.parametrize("texts", [((), (), ()), ((), (), (), (1,)), ([], (), (), ())], ids=str)
def test_wrong_texts_are_refused(texts: tuple[object, ...]) -> None:
    """Anything but four tuples of texts is a TypeError, and changes nothing."""
    with pytest.raises(TypeError):
        _native.set_code_owners(*texts)  # type: ignore[arg-type]


def test_texts_may_change_while_a_pool_runs() -> None:
    """Which files are libraries may be told again at any time."""
    roots = find_library_roots()
    with ThreadPoolExecutor(2) as executor, ndmem.track() as run:
        futures = [executor.submit(np.outer, ROW, ROW) for _ in range(20)]
        for future in futures:
            _native.set_code_owners(*owner_texts(roots, ()))
            future.result()
    assert run.live == 20 * SQUARE
