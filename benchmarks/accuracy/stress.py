"""Have threads with and without the GIL use the tracker's core at once; live bytes must be exact in the end.

``python benchmarks/accuracy/stress.py --rounds 300``: three phases of so many rounds. In the first a recording runs
all the time, in the second a continuous one, in the third the tracker is opened and closed each round. Made for
sanitizers (``make sanitize``), where the preloaded library cannot be used; reporter.c replaces it.
"""

import argparse
import contextlib
import ctypes
import functools
import gc
import os
import random
import struct
import subprocess
import sys
import sysconfig
import tempfile
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from ndmem import _native

_SOURCE = Path(__file__).with_name("reporter.c")
_DEEPEST = 60


def main(arguments: list[str] | None = None) -> int:
    """Run both phases; the status is 0 if the figures are exact."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-fork", action="store_true")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")  # of forks in a process with threads
    sys.setswitchinterval(1e-5)
    reporter = _build()
    phases = {
        "a recording runs": _native.Recording(1, room=2**20),
        "a continuous one runs": _native.Recording(1, stacks=200),
        "it opens and closes": None,
    }
    for name, whole in phases.items():
        if whole:
            whole.start()
        with _threads(reporter, options.seed):
            for n in range(options.rounds):
                _use(random.Random(n), n, fork=not options.no_fork and n % 10 == 0)
        gc.collect()  # the objects that hold themselves
        if whole:
            whole.stop()
            live, native = _figures(whole)
            assert (live, native) == (0, 0), f"{live} bytes of arrays and {native} of native blocks are left"
        assert _native.running_threshold() == 0
        print(f"{name}: {options.rounds} rounds", flush=True)
    return 0


def _build() -> ctypes.CDLL:
    """Compile and load the substitute for the preloaded library; dlsym must find its names."""
    folder = tempfile.mkdtemp(prefix="ndmem-stress-")
    library = Path(folder) / "reporter.so"
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    words = [compiler, "-O1", "-g", "-shared", "-fPIC", "-pthread", *os.environ.get("NDMEM_STRESS_CFLAGS", "").split()]
    subprocess.run([*words, "-o", str(library), str(_SOURCE)], check=True)
    reporter = ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
    library.unlink()
    Path(folder).rmdir()
    reporter.churn.argtypes = [ctypes.c_uint, ctypes.c_long]
    return reporter


@contextlib.contextmanager
def _threads(reporter: ctypes.CDLL, seed: int) -> "contextlib.AbstractContextManager[None]":
    """Run the threads until the block ends; an exception in one of them is raised here."""
    done = threading.Event()
    failures: list[BaseException] = []

    def repeat(work: Callable[[int], object], first: int) -> None:
        number = first
        try:
            while not done.is_set():
                work(number)
                number += 1
        except BaseException as failure:
            failures.append(failure)

    works = [
        _make_arrays,
        _make_arrays,
        lambda n: _descend(reporter, n, n % _DEEPEST),
        lambda n: _descend(reporter, n, 1),
    ]
    works += [reporter.churn_unknown, _raise_with_arrays, _change_objects]
    threads = [threading.Thread(target=repeat, args=(work, seed + 10**6 * i)) for i, work in enumerate(works)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]


def _make_arrays(seed: int) -> None:
    """Make arrays of random sizes, grow some, and drop all of them."""
    chance = random.Random(seed)
    held = [np.zeros(chance.choice((1, 100, 1000, 20_000))) + 1 for _ in range(30)]
    named = {f"größe {n}": array for n, array in enumerate(held[:5])}
    grown = np.fromiter(range(chance.randrange(1000)), float)
    assert len(named) == 5
    assert grown.size < 1000


class _Slots:
    __slots__ = ("arrays", "next")


def _suspend(arrays: list[object]) -> Iterator[object]:
    for array in arrays:
        held = {"array": array, "size": np.size(array)}
        yield held


def _change_objects(seed: int) -> None:
    """Have objects of all kinds hold arrays of growing sizes, which they get and lose while others are searched."""
    chance = random.Random(seed)
    chain = None
    steps: deque[object] = deque(maxlen=5)
    for size in range(1000, 20_000, 1000):
        link = _Slots()
        link.arrays, link.next = [np.ones(chance.randrange(size))], chain
        chain = link if chance.random() < 0.8 else None
        function = functools.partial(np.sum, link.arrays[0])
        suspended = _suspend(link.arrays)
        next(suspended)
        keeper = SimpleNamespace(function=function, suspended=suspended, read=lambda held=link: held.arrays)
        keeper.itself = keeper
        setattr(keeper, f"name{chance.randrange(40)}", np.empty(2, object))
        steps.append((keeper, {(size, "key"): link}, {keeper.read}))
        if chance.random() < 0.3:
            vars(keeper).clear()
        link.arrays.clear() if chance.random() < 0.3 else link.arrays.append(np.ones(size))


def _raise_with_arrays(seed: int) -> None:
    with contextlib.suppress(ValueError):
        held = np.ones(seed % 5000)
        raise ValueError(held.size)


def _descend(reporter: ctypes.CDLL, seed: int, depth: int) -> None:
    """Tell of blocks without the GIL, deep in a stack."""
    if depth:
        _descend(reporter, seed, depth - 1)
    else:
        reporter.churn(seed, 2000)


def _use(chance: random.Random, number: int, *, fork: bool) -> None:
    """Ask the core all that it can be asked, while a recording and limits come and go."""
    recording = _native.Recording(chance.choice((1, 4096)), room=chance.choice((0, 2**18, 2**30)))
    recording.start()
    counting = _native.Recording(4096, stacks=chance.choice((1, 50, 10_000)))
    counting.start()
    held = [np.zeros(chance.randrange(3000)) for _ in range(5)]
    assert held
    notifies, of_thread = number % 2 == 1, number % 3 == 0
    limit = _native.Limit(notify=(lambda: None) if notifies else None)
    limit.arm(1, everything=not of_thread, thread=of_thread)
    # A limit that would refuse the arrays of other threads is never exceeded.
    limit.enforce(1000 if notifies or of_thread else 10**10)
    with contextlib.suppress(MemoryError):
        np.ones(5000)
    _check_excess(limit, of_thread=of_thread)
    for address, _, stack in _native.live_buffers(0)[:20]:
        _native.buffer_at(address)
        _native.places_of(stack)
    _native.sight_holders()
    _native.quiet(True)
    recording.write_meta(b"{}")
    _native.quiet(False)
    _figures(recording)
    assert recording.take_window()[0] >= 0
    assert recording.peak >= 0
    assert recording.native_peak >= 0
    assert limit.live >= 0
    if fork:
        _fork()
    limit.disarm()
    recording.stop()
    held = [np.zeros(chance.randrange(3000)) for _ in range(5)]  # the continuous recordings go on alone
    _figures(counting)
    live, *_, native, _, by_node = counting.tally()
    assert sum(memoryview(by_node).cast("q")) == live + (native or 0)
    counting.stop()


def _check_excess(limit: "_native.Limit", *, of_thread: bool) -> None:
    """Check that the stacks of the last excess sum to what was live, where no other thread allocates for the limit."""
    if limit.excess is None:
        assert not of_thread
        return
    _, live, _, _, held = limit.excess
    for stack, *_ in held[:20]:
        _native.places_of(stack)
    assert not of_thread or sum(nbytes for _, nbytes, _, _ in held) == live


def _fork() -> None:
    """Use the core in a forked child, which has only this thread."""
    child = os.fork()
    if child == 0:
        status = 1
        with contextlib.suppress(BaseException):
            recording = _native.Recording(1)
            recording.start()
            held = np.ones(1000)
            status = 0 if recording.live == held.nbytes else 2
            recording.stop()
        os._exit(status)
    _, status = os.waitpid(child, 0)
    assert status == 0, f"the child of a fork ended with {os.waitstatus_to_exitcode(status)}"


def _figures(recording: "_native.Recording") -> tuple[int, int]:
    """Live bytes of arrays and of native blocks by the header; those of all places must sum to them."""
    parts = recording.read()
    (live,), (native,) = struct.unpack_from("=q", parts[0], 40), struct.unpack_from("=q", parts[0], 128)
    sums = [0, 0]
    for part in parts[1:]:
        if struct.unpack_from("=I", part, 4) == (1,):
            for at in range(64, len(part), 112):
                domain, of_node = struct.unpack_from("=Iq", part, at + 36)
                sums[domain] += of_node
    assert sums == [live, native], (sums, live, native)
    return live, native


if __name__ == "__main__":
    sys.exit(main())
