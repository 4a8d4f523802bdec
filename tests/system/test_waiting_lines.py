"""Arrays of threads that run only library code count for the user's line that waits for them."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from ndmem.model.columns import Domain, Kind
from ndmem.model.trace import Trace
from ndmem.model.trace_file.reading import read_trace
from ndmem.model.trace_file.writing import write_trace
from ndmem.results.run import Run

from .tracked import TrackedRun, TrackedRuns

# A thread gives up the GIL only where it waits, so which line waits for which array does not depend on timing.
PROGRAM = """
import functools, sys, threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
import numpy as np

sys.setswitchinterval(1000)
row = np.ones(500)
square = functools.partial(np.outer, row)
with ThreadPoolExecutor(2, "mapper") as executor:
    mapped = list(executor.map(square, [row] * 3))  # mapped
with ThreadPoolExecutor(1) as executor:
    future = executor.submit(square, row)  # submitted
    result = future.result()  # awaited
with ThreadPool(2) as pool:
    first = pool.map(square, [row] * 4)  # first
    second = pool.map(square, [row] * 5)  # second

class Worker(threading.Thread):
    def run(self):
        self.own = np.outer(row, row)  # own

worker = Worker(name="subclass")
worker.start()
worker.join()
library = threading.Thread(target=square, args=(row,), name="library")
library.start()  # started
library.join()  # joined
"""

NESTED = """
import functools, sys, threading
from concurrent.futures import ThreadPoolExecutor
import numpy as np

sys.setswitchinterval(1000)
row = np.ones(500)
results = []

def own(row):
    return np.outer(row, row)  # own

def work():
    with ThreadPoolExecutor(2) as pool:
        results.extend(pool.map(functools.partial(np.outer, row), [row] * 3))  # inner
        results.extend(pool.map(own, [row] * 2))  # inner

worker = threading.Thread(target=work)
worker.start()  # started
worker.join()  # joined
"""

SQUARE = 500 * 500 * 8


@pytest.fixture(scope="module")
def waiting(tracked: TrackedRuns) -> TrackedRun:
    """The program with all kinds of threads."""
    return tracked(PROGRAM)


def bytes_by_mark(trace: Trace) -> dict[str, int]:
    """Return the bytes that each line with a mark allocated in large arrays, by its mark."""
    found: dict[str, int] = {}
    for line in Run(trace).lines():
        mark = (line.source or "").partition("  # ")[2]
        if mark and line.total_nbytes >= SQUARE:
            found[mark] = line.total_nbytes // SQUARE
    return found


def test_arrays_count_for_the_line_that_waits(waiting: TrackedRun) -> None:
    """Each call has the arrays of its own tasks, also where a pool's threads were started by another line."""
    found = bytes_by_mark(waiting.trace)
    waited = found.pop("submitted", 0) + found.pop("awaited", 0)  # a new thread may run before submit returns
    ran = found.pop("started", 0) + found.pop("joined", 0)
    assert found == {"mapped": 3, "first": 4, "second": 5, "own": 1}
    assert (waited, ran) == (1, 1)


def test_only_the_main_thread_is_asked(tracked: TrackedRuns) -> None:
    """A pool that another thread waits for counts for the main thread's line, but the user's functions in it do not."""
    found = bytes_by_mark(tracked(NESTED).trace)
    waited = found.pop("started", 0) + found.pop("joined", 0)  # the pool may run before start returns
    assert (found, waited) == ({"own": 2}, 3)


def test_no_array_counts_for_a_line_of_threading(waiting: TrackedRun) -> None:
    """All arrays count for lines of the program."""
    lines = [line for line in Run(waiting.trace).lines() if line.count]
    assert {Path(line.filename).name for line in lines} == {waiting.name}


def test_threads_have_their_names(waiting: TrackedRun) -> None:
    """The names are those in Python when a thread allocated its first array, of subclasses too."""
    names = set(waiting.trace.threads.values())
    assert {"MainThread", "subclass", "library"} <= names
    assert any(name.startswith("mapper_") for name in names)


def test_names_survive_in_a_file(waiting: TrackedRun, tmp_path: Path) -> None:
    """A saved trace has the names of the threads and the user's packages."""
    trace = dataclasses.replace(
        waiting.trace, run=dataclasses.replace(waiting.trace.run, packages=("mine",), program_packages=("tool",))
    )
    write_trace(trace, tmp_path / "t.ndmem")
    assert read_trace(tmp_path / "t.ndmem") == trace


def test_json_has_the_threads(waiting: TrackedRun) -> None:
    """The threads' arrays sum to all large arrays, and each array at the peak names a thread of the list."""
    report = waiting.report
    threads = {thread["number"]: thread for thread in report["threads"]}
    events = waiting.trace.events
    born = np.count_nonzero((events.kind == Kind.BORN) & (events.domain == Domain.ARRAY))
    assert sum(thread["count"] for thread in threads.values()) == born
    by_thread: dict[int, int] = {}
    for buffer in report["at_peak"]:
        by_thread[buffer["thread"]] = by_thread.get(buffer["thread"], 0) + buffer["nbytes"]
    assert by_thread == {number: each["at_peak_nbytes"] for number, each in threads.items() if each["at_peak_nbytes"]}


def test_report_by_thread(waiting: TrackedRun) -> None:
    """The text has a row for each thread, with the bytes of its arrays at the end: one square of the subclass."""
    done = waiting.place.run_ndmem_as_text("report", str(waiting.path), "--by", "thread", "--at", "end")
    lines = [line.split() for line in done.stdout.splitlines()]
    rows = {words[-1]: words for words in lines if words and words[-1] in {"subclass", "library"}}
    assert " ".join(rows["subclass"][1:3]) == "1.91 MiB"
    assert rows["library"][1] == "-"


def test_stacks_name_their_threads(waiting: TrackedRun) -> None:
    """A stack of another thread than the main one ends with the name of the thread."""
    done = waiting.place.run_ndmem_as_text("report", str(waiting.path), "--by", "stack", "--at", "end")
    lines = done.stdout.splitlines()
    place = next(number for number, line in enumerate(lines) if "np.outer(row, row)" in line)
    assert lines[place + 1].strip() == "in subclass"


# The thread allocates while the main thread is in a line that may as well compute.
UNKNOWN = """
import collections, functools, operator, threading
import numpy as np

row = np.ones(500)
begin, end = threading.Lock(), threading.Lock()
begin.acquire()
end.acquire()
calls = [begin.acquire, functools.partial(np.outer, row, row), end.release]
thread = threading.Thread(target=collections.deque, args=(map(operator.call, calls), 0))
thread.start()
begin.release()
end.acquire()
"""


def test_a_library_line_has_its_text(tracked: TrackedRuns) -> None:
    """Where no line is known to wait, the array counts for the innermost line of a library, with its text."""
    trace = tracked(UNKNOWN).trace
    rows = {line.function: line for line in Run(trace).lines() if line.total_nbytes >= SQUARE}
    assert set(rows) == {"outer"}
    assert "multiply(" in (rows["outer"].source or "")
