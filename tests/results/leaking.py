"""Functions that leak in each way, and those that only look as if they leaked."""

from __future__ import annotations

import collections
import functools
import itertools
import logging
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

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


class Node:
    """One of two that refer to each other."""

    def __init__(self) -> None:
        self.other: Any = None
        self.data: Any = None


def in_cycle() -> None:
    """Make a cycle of two objects, one of which has an array."""
    first, second = Node(), Node()
    first.other, second.other, first.data = second, first, new()


def use_and_drop() -> float:
    """Drop what was allocated."""
    return float(new().sum())


def fill_once() -> None:
    """Fill a cache at the first call alone."""
    if "table" not in CACHE:
        CACHE["table"] = new()  # type: ignore[index]


def return_it() -> Any:
    """Return what was allocated."""
    return new()


def ring() -> None:
    """Keep the last two in a ring."""
    RING.append(new())


def bounded_cache() -> None:
    """Keep the last two in a cache."""
    load_bounded(next(KEYS))


def weak() -> None:
    """Keep only a weak reference."""
    WEAK[next(KEYS)] = Tracker()


def same_key() -> None:
    """Replace the item of a key."""
    load(-1)


def replace_in_dict() -> None:
    """Replace what a dict holds."""
    CACHE[-2] = new()


def add_and_clear() -> None:
    """Empty the container again."""
    batch: list[Any] = []
    batch.extend(new() for _ in range(3))
    NAMED["batch"] = batch
    NAMED.pop("batch")


def first_calls_only() -> None:
    """Grow in the first calls alone."""
    if len(NAMED["first"]) < 3:
        NAMED["first"].append(new())
