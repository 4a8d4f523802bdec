"""Leaks: seeded ones with their holder, and programs that only look as if they leaked."""

from __future__ import annotations

import collections
import functools
import gc
import itertools
import logging
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ndmem

N = 5_000
NBYTES = 8 * N
"""Bytes of the array that each seeded call leaves behind."""


def new() -> Any:
    """Allocate the array of one call."""
    return np.ones(N)


class Tracker:
    """Keeps what it sees."""

    history: list[Any] = []  # noqa: RUF012  # the leak: shared by all instances

    def __init__(self) -> None:
        self.frames: list[Any] = []
        self.latest: Any = None
        self.by_key: dict[Any, Any] = {}

    def see(self) -> None:
        """Keep a frame in a dict in a list."""
        self.frames.append({"frame": new()})

    def remember(self) -> None:
        """Keep a frame in a list of the class."""
        type(self).history.append(new())

    def replace(self) -> None:
        """Keep the latest frame only."""
        self.latest = new()

    @functools.lru_cache(maxsize=None)  # noqa: B019, UP033  # the leak: it keeps self and the results
    def mean_of(self, key: int) -> Any:
        """Cache one array for each key."""
        return np.full(N, float(key))


TRACKER = Tracker()
CACHE: dict[int, Any] = {}
KEPT: list[Any] = []
ERRORS: list[BaseException] = []
WAITING: Any = collections.deque()
RING: Any = collections.deque(maxlen=2)
LOCAL = threading.local()
KEYS = itertools.count()
NAMED: Any = collections.defaultdict(list)
WEAK: Any = weakref.WeakValueDictionary()


@functools.cache
def load(key: int) -> Any:
    """Cache one array for each key, without a bound."""
    return np.full(N, float(key))


@functools.lru_cache(maxsize=2)
def load_bounded(key: int) -> Any:
    """Cache the last two arrays."""
    return np.full(N, float(key))


def in_dict() -> None:
    """Leak into a dict of the module."""
    CACHE[next(KEYS)] = new()


def in_cache() -> None:
    """Leak into a cache without a bound."""
    load(next(KEYS))


def in_method_cache() -> None:
    """Leak into a cache on a method."""
    TRACKER.mean_of(next(KEYS))


def in_view() -> None:
    """Leak a small view of a large array."""
    KEPT.append(new()[:3])


def in_closure() -> None:
    """Leak by a function that is kept."""
    data = new()
    KEPT.append(lambda: data.sum())


def in_traceback() -> None:
    """Leak by an exception that is kept."""
    buffer = new()
    try:
        raise ValueError(buffer[0])
    except ValueError as error:
        ERRORS.append(error)


def in_generator() -> None:
    """Leak by a generator that is not finished."""

    def produce() -> Any:
        data = new()
        yield 1
        yield data

    begun = produce()
    next(begun)
    KEPT.append(begun)


def in_partial() -> None:
    """Leak by an argument of a function that is kept."""
    KEPT.append(functools.partial(np.dot, new()))


def in_bound_method() -> None:
    """Leak by the instance of a method that is kept."""
    tracker = Tracker()
    tracker.latest = new()
    KEPT.append(tracker.see)


def in_default(grown: list[Any] = []) -> None:  # noqa: B006  # the leak
    """Leak into a default argument."""
    grown.append(new())


def in_queue() -> None:
    """Leak into a queue that no one empties."""
    WAITING.append(("task", new()))


def in_attribute_of_function() -> None:
    """Leak into an attribute of a function."""
    known = in_attribute_of_function.__dict__.setdefault("known", [])
    known.append(new())


def in_thread_local() -> None:
    """Leak into a variable of a thread."""
    if not hasattr(LOCAL, "seen"):
        LOCAL.seen = []
    LOCAL.seen.append(new())


def in_handler() -> None:
    """Leak by a handler of logging that is added with each call."""
    handler = logging.NullHandler()
    handler.data = new()  # type: ignore[attr-defined]
    logging.getLogger("leaking").addHandler(handler)


def in_defaultdict() -> None:
    """Leak into a list in a dict."""
    NAMED["all"].append(new())


def in_every_second_call() -> None:
    """Leak in every second call."""
    data = new()
    if next(KEYS) % 2:
        KEPT.append(data)


def in_thread() -> None:
    """Leak from another thread."""
    worker = threading.Thread(target=in_dict)
    worker.start()
    worker.join()


SEEDED: list[tuple[Callable[[], object], str]] = [
    (in_dict, "CACHE["),
    (in_cache, "load (inside the _lru_cache_wrapper)"),
    (in_method_cache, "Tracker.mean_of (inside the _lru_cache_wrapper)"),
    (TRACKER.see, ".frames["),
    (TRACKER.remember, "Tracker.history["),
    (in_view, "KEPT["),
    (in_closure, "closure"),
    (in_traceback, "__traceback__"),
    (in_generator, "data"),
    (in_partial, "KEPT["),
    (in_bound_method, ".latest"),
    (in_default, "in_default"),
    (in_queue, "WAITING["),
    (in_attribute_of_function, ".known["),
    (in_thread_local, "LOCAL"),
    (in_handler, ".data"),
    (in_defaultdict, "NAMED['all']["),
    (in_thread, "CACHE["),
]


def _name(case: object) -> str | None:
    return getattr(case, "__name__", None)


@pytest.mark.parametrize(("func", "holder"), SEEDED, ids=_name)
def test_a_seeded_leak_has_its_line_its_bytes_and_its_holder(func, holder):
    """A call that keeps one array is a leak of exactly its bytes in each call, and the way to it is named."""
    found = ndmem.leaks(func, repeat=4)
    assert [leak.by_call for leak in found] == [(NBYTES,) * 4]
    (leak,) = found
    assert leak.site.filename == __file__
    assert (leak.count, leak.is_cycle, found.nbytes_per_call, leak.oldest) == (4, False, NBYTES, 4)
    assert any(holder in name for name in leak.holders), leak.holders


def test_a_leak_in_every_second_call_is_found():
    """Calls that leave nothing between those that do are counted with none."""
    (leak,) = ndmem.leaks(in_every_second_call, repeat=8)
    assert sorted(leak.by_call) == [0] * 4 + [NBYTES] * 4


class Node:
    """One of two that refer to each other."""

    def __init__(self) -> None:
        self.other: Any = None
        self.data: Any = None


def in_cycle() -> None:
    """Make a cycle of two objects, one of which has an array."""
    first, second = Node(), Node()
    first.other, second.other, first.data = second, first, new()


def test_a_cycle_is_named_by_its_class_and_is_no_growth():
    """Arrays that only a cycle holds are marked, with the class in the cycle; no bytes of them stay."""
    found = ndmem.leaks(in_cycle, repeat=3)
    (leak,) = found
    assert (leak.by_call, leak.is_cycle, leak.holders) == ((NBYTES,) * 3, True, ("Node",))
    assert (found.nbytes_per_call, found.growth.live_nbytes) == (0, (0, 0, 0))
    assert "cycle of references with `Node`" in str(found)


def _use_and_drop() -> float:
    return float(new().sum())


def _fill_once() -> None:
    if "table" not in CACHE:
        CACHE["table"] = new()  # type: ignore[index]


def _return_it() -> Any:
    return new()


def _ring() -> None:
    RING.append(new())


def _bounded_cache() -> None:
    load_bounded(next(KEYS))


def _weak() -> None:
    WEAK[next(KEYS)] = Tracker()


def _same_key() -> None:
    load(-1)


def _replace_in_dict() -> None:
    CACHE[-2] = new()


def _add_and_clear() -> None:
    batch: list[Any] = []
    batch.extend(new() for _ in range(3))
    NAMED["batch"] = batch
    NAMED.pop("batch")


def _first_calls_only() -> None:
    if len(NAMED["first"]) < 3:
        NAMED["first"].append(new())


@pytest.mark.parametrize(
    "func",
    [
        _use_and_drop, _fill_once, _return_it, _ring, _bounded_cache, _weak, _same_key, _replace_in_dict,
        _add_and_clear, _first_calls_only, TRACKER.replace,
    ],
    ids=_name,
)  # fmt: skip
def test_what_does_not_grow_is_no_leak(func):
    """Values that are replaced, bounded or filled once are not reported."""
    found = ndmem.leaks(func, repeat=6)
    assert list(found) == []
    assert not found
    assert "No arrays stay again for each call" in str(found)


def test_growth_without_arrays_is_explained():
    """Resident memory that grows beside flat arrays is said to be no arrays."""
    blocks: list[bytearray] = []
    found = ndmem.leaks(lambda: blocks.append(bytearray(b"x" * 2**22)), repeat=4)
    assert list(found) == []
    assert found.growth.live_nbytes == (0,) * 4
    resident = found.growth.resident_nbytes
    assert resident is not None
    assert resident[-1] - resident[0] >= 3 * 2**22
    assert "not arrays" in str(found)


def test_arguments_are_passed_and_the_collector_is_as_before():
    """The function gets its arguments in each call, warm-up included, and automatic collection is on again."""
    seen: list[tuple[int, int]] = []

    def note(first: int, *, second: int) -> None:
        seen.append((first, second))

    ndmem.leaks(note, 1, second=2, repeat=2, warmup=3)
    assert seen == [(1, 2)] * 5
    assert gc.isenabled()


def test_what_the_function_raises_is_raised_and_nothing_stays_on():
    """An error of the function ends the measurement; tracking and collection are as before."""

    def fail() -> None:
        raise KeyError("missing")

    for warmup in (0, 1):
        with pytest.raises(KeyError, match="missing"):
            ndmem.leaks(fail, warmup=warmup)
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("repeat", "warmup", "said"), [(1, 0, "repeat is 1"), (0, 0, "repeat"), (2, -1, "warmup is -1")]
)
def test_numbers_of_calls_that_tell_nothing_are_refused(repeat, warmup, said):
    """A growth needs two calls, and no number of calls is negative."""
    with pytest.raises(ValueError, match=said):
        ndmem.leaks(new, repeat=repeat, warmup=warmup)


def test_the_text_names_the_place_and_what_keeps_it():
    """The text has the bytes, the place with its expression, the number of arrays, and the holder once."""
    text = str(ndmem.leaks(in_dict, repeat=4))
    lines = text.splitlines()
    assert lines[0] == "39.1 KiB of arrays stay after each call (measured in 4 calls)."
    assert lines[1].startswith("39.1 KiB each call: ")
    assert lines[1].endswith("in new: `np.ones(N)`")
    assert lines[2].startswith("  4 arrays, 156 KiB, the oldest 4 calls old, kept by ")
    assert lines[2].endswith("CACHE[…]`")
