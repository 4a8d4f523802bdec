"""Keep eight threads busy with arrays while others ask ndmem everything: nothing crashes, every byte is right.

``python benchmarks/accuracy/soak.py --minutes 10 --walk``: the time is cut into eras. In each, eight threads make and
free random arrays, two ask a run that is under way for its figures, start and stop others, and fork; with ``--walk``
they also call what walks all objects: ``arrays``, ``weigh``, ``breakdown``, limits. At its end the threads rest, and
live bytes must be those of the arrays that they hold. In the first half a recording with a small maximum size runs all
the time, so that it is compacted; in the second the tracker is closed after each era, and the heap in use may not grow.
"""

import argparse
import contextlib
import ctypes
import faulthandler
import gc
import io
import os
import random
import statistics
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import ndmem
from ndmem import _native

_WORKERS, _OBSERVERS = 8, 2
_HELD = 20  # arrays of a worker at most
_LONGEST_S = 300  # an era, or a child, that takes longer hangs
_GROWTH = 2 << 20
_ROOM = 1 << 20


class _PlannedError(Exception):
    """Raised by a worker with arrays in its frames."""


@dataclass
class _Era:
    """What the threads of an era share."""

    run: Any
    operations: int
    walk: bool
    busy: int = _WORKERS
    failures: list[BaseException] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def main(arguments: list[str] | None = None) -> int:
    """Soak for a time or a number of eras; the status is 1 if memory grew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, help="how long; else --eras decides")
    parser.add_argument("--eras", type=int, default=6)
    parser.add_argument("--operations", type=int, default=200, help="of a worker in an era")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--walk", action="store_true", help="call arrays, weigh and breakdown too")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")  # of forks in a process with threads
    sys.setswitchinterval(1e-4)
    _load(walk=options.walk)
    long: Any = _native.Recording(1, room=_ROOM)
    long.start()
    start, heap, journal, counts = time.monotonic(), [], [], Counter[str]()
    for number in range(10**9):
        part = (time.monotonic() - start) / (60 * options.minutes) if options.minutes else number / options.eras
        if part >= 1:
            break
        if long and part >= 0.5:
            journal.append(_journal_nbytes(long))
            assert long.live == 0, f"{long.live} bytes are left of the first half"
            long.stop()
            long = None
        faulthandler.dump_traceback_later(_LONGEST_S, exit=True)
        counts += _soak(number + options.seed, options.operations, walk=options.walk)
        faulthandler.cancel_dump_traceback_later()
        if long is None:
            assert _native.running_threshold() == 0, "the tracker is open without a recording"
            heap.append(_heap_nbytes())
        elif number % 10 == 0:
            journal.append(_journal_nbytes(long))
    return _judge(heap, journal, counts)


def _load(*, walk: bool) -> None:
    """Ask everything once, which imports what it needs.

    Where one thread first imports a package and another a part of it, Python may see a deadlock: python/cpython#83065.
    """
    era = _Era(ndmem.track(), 0, walk)
    with era.run:
        for action in _actions(walk=walk):
            action(era)


def _judge(heap: list[int], journal: list[dict[str, int]], counts: Counter[str]) -> int:
    print(f"done: {dict(sorted(counts.items()))}")
    print(f"journal of the first half: {journal[0]} … {journal[-1]}")
    quarter = len(heap) // 4
    if quarter == 0:
        return 0
    first, last = (statistics.median(part) for part in (heap[quarter : 2 * quarter], heap[-quarter:]))
    print(f"heap in use in the second half: {first:,.0f} … {last:,.0f} bytes")
    return int(last - first > _GROWTH)


def _soak(seed: int, operations: int, *, walk: bool) -> Counter[str]:
    """Run one era and check its live bytes."""
    chance = random.Random(seed)
    era = _Era(
        ndmem.track(threshold=chance.choice((1, 1, 4096)) if _native.running_threshold() == 0 else None),
        operations,
        walk,
    )
    era.run.start()
    held: list[list[np.ndarray[Any, Any]]] = [[] for _ in range(_WORKERS)]
    works: list[Callable[[], None]] = [
        *(lambda i=i: _work(era, held[i], random.Random(f"{seed} {i}")) for i in range(_WORKERS)),
        *(lambda i=i: _observe(era, random.Random(f"{seed} observer {i}")) for i in range(_OBSERVERS)),
    ]
    threads = [threading.Thread(target=_catch, args=(era, work)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if era.failures:
        raise era.failures[0]
    gc.collect()
    # NumPy asks for one byte where an array has none.
    expected = sum(max(array.nbytes, 1) for arrays in held for array in arrays)
    assert era.run.live == expected, f"live is {era.run.live}, and the arrays have {expected} bytes"
    held.clear()
    gc.collect()
    era.run.stop()
    assert era.run.live == 0, f"{era.run.live} bytes are left"
    assert era.run.trace.live_nbytes == 0
    assert era.run.peak >= expected
    return era.counts


def _catch(era: _Era, work: Callable[[], None]) -> None:
    try:
        work()
    except BaseException as failure:
        era.failures.append(failure)


def _work(era: _Era, held: list[np.ndarray[Any, Any]], chance: random.Random) -> None:
    """Make, change and drop arrays."""
    try:
        for _ in range(era.operations):
            with contextlib.suppress(_PlannedError):
                _change(held, chance)
            del held[: max(len(held) - _HELD, 0)]
    finally:
        era.busy -= 1


def _change(held: list[np.ndarray[Any, Any]], chance: random.Random) -> None:
    size = chance.choice((0, 1, 3, 100, 600, 5_000, 60_000))
    kind = chance.randrange(8)
    if kind == 0:
        held.append(np.zeros(size))
    elif kind == 1:
        held.append(np.ones(size, "i4").cumsum())
    elif kind == 2:
        held.append(np.zeros(size, [("größe", "f8"), ("y", "i2")]))
    elif kind == 3:
        items = {f"größe {n}": np.full(n + 1, 2.5) for n in range(chance.randrange(20))}
        held.append(np.concatenate([np.zeros(1), *items.values()]))
    elif kind == 4:
        held.append(np.fromiter(range(chance.randrange(500)), float))  # grows by realloc
    elif kind == 5 and held:
        held.append(held[-1].copy() if held[-1].dtype.names else held[-1] * 2 + 1)
    elif kind == 6 and held:
        del held[chance.randrange(len(held))]
    elif kind == 7:
        temporary = np.ones(size)
        raise _PlannedError(temporary.size)


def _actions(*, walk: bool) -> list[Callable[[_Era], None]]:
    actions = [_ask_figures, _ask_lines, _ask_report, _track_inside, _fork]
    if walk:
        actions += [_ask_arrays, _weigh, _break_down, _set_limit, _pass_limit]
    return actions


def _observe(era: _Era, chance: random.Random) -> None:
    """Ask, until no worker is left."""
    actions = _actions(walk=era.walk)
    while era.busy:
        action = chance.choice(actions)
        if action is _fork and chance.random() < 0.7:
            continue
        action(era)
        era.counts[action.__name__.strip("_")] += 1


def _ask_figures(era: _Era) -> None:
    live = era.run.live
    assert live >= 0
    assert era.run.peak >= 0


def _ask_lines(era: _Era) -> None:
    assert len(era.run.lines()) >= 0


def _ask_report(era: _Era) -> None:
    era.run.report(io.StringIO())


def _track_inside(era: _Era) -> None:
    with ndmem.track() as run:
        array = np.ones(1000)
    assert run.peak >= array.nbytes


def _set_limit(era: _Era) -> None:
    with ndmem.limit("64 GiB"):
        assert np.ones(1000).size == 1000


def _pass_limit(era: _Era) -> None:
    try:
        with ndmem.limit(10_000, scope="thread"):
            np.ones(100_000)
    except ndmem.BudgetExceeded:
        return
    raise AssertionError("a limit did not hold")


def _fork(era: _Era) -> None:
    """Allocate in a forked child, which has this thread alone and records nothing."""
    child = os.fork()
    if child == 0:
        os._exit(0 if np.ones(1000).sum() == 1000 and _native.running_threshold() == 0 else 1)
    end = time.monotonic() + _LONGEST_S
    found, status = os.waitpid(child, os.WNOHANG)
    while not found:
        assert time.monotonic() < end, "the child of a fork hangs"
        time.sleep(0.001)
        found, status = os.waitpid(child, os.WNOHANG)
    assert status == 0, f"the child of a fork ended with {os.waitstatus_to_exitcode(status)}"


def _ask_arrays(era: _Era) -> None:
    assert ndmem.arrays() is not None


def _weigh(era: _Era) -> None:
    array = np.ones(1000)
    # Reachable, not owned: this function holds the array too, and another observer may hold it for a moment.
    assert array.nbytes <= ndmem.weigh([array, array[::2]]).reachable < 2 * array.nbytes


def _break_down(era: _Era) -> None:
    assert ndmem.breakdown() is not None


def _journal_nbytes(recording: Any) -> dict[str, int]:
    """Bytes of nodes, events, texts and other blocks in the memory of a recording."""
    names, found = {1: "nodes", 2: "events", 3: "texts"}, Counter[str]()
    for part in recording.read()[1:]:
        kind = int.from_bytes(part[4:8], sys.byteorder)
        found[names.get(kind, f"blocks {kind}")] += len(part)
    return dict(found)


def _heap_nbytes() -> int:
    """Bytes that malloc has given to the process, without those it keeps for later."""
    names = ["arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"]
    figures = type("mallinfo2", (ctypes.Structure,), {"_fields_": [(name, ctypes.c_size_t) for name in names]})
    ask = ctypes.CDLL(None).mallinfo2
    ask.restype = figures
    gc.collect()
    found = ask()
    return int(found.uordblks + found.hblkhd)


if __name__ == "__main__":
    sys.exit(main())
