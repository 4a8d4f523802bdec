"""``memory_usage``: the memory of a process over time, while it runs or while it calls a function."""

import inspect
import os
import subprocess
import threading
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

from .backends import check_backend, is_running, read_children, read_memory

_ENOUGH = 4  # samples of a call that suffice, as in memory_profiler
_SHORTEST_S = 1e-6


@dataclass(slots=True)
class _Samples:
    """Samples of a process's memory: in MiB, each with its time."""

    pid: int
    backend: str
    include_children: bool
    multiprocess: bool
    stream: IO[str] | None
    found: list[tuple[float, float]] = field(default_factory=list)
    taken: int = 0

    def take(self) -> None:
        """Take one sample; with a stream, write it instead of keeping it."""
        memory = read_memory(self.pid, self.backend, include_children=self.include_children)
        now = time.time()
        self.taken += 1
        if self.stream is None:
            self.found.append((memory, now))
            return
        self.stream.write(f"MEM {memory:.6f} {now:.4f}\n")
        if self.multiprocess:
            for pid, child in read_children(self.pid, self.backend).items():
                self.stream.write(f"CHLD {pid} {child:.6f} {now:.4f}\n")
        self.stream.flush()


def memory_usage(
    proc: Any = -1,
    interval: float = 0.1,
    timeout: float | None = None,
    timestamps: bool = False,  # memory_profiler's signature
    include_children: bool = False,
    multiprocess: bool = False,
    max_usage: bool = False,
    retval: bool = False,
    stream: IO[str] | None = None,
    backend: str | None = None,
    max_iterations: int | None = None,
) -> Any:
    """Return the memory of a process, as memory_profiler does.

    Parameters
    ----------
    proc : int, Popen, callable or tuple
        A process id, -1 for this process; a started process; or a function to call, ``f`` to ``(f, args, kwargs)``.
    interval, timeout : float
        Seconds between samples, and until sampling stops; without `timeout`, a process id is sampled once.
    timestamps : bool
        Return pairs of memory and time.
    include_children, multiprocess : bool
        Add the descendants; with a stream, write separate lines for each descendant.
    max_usage, retval : bool
        Return only the highest value; also return the function's result.
    stream : text stream, optional
        Write ``MEM memory time`` lines to it, and return ``None``.
    backend : str, optional
        See `read_memory`.
    max_iterations : int, optional
        Maximum number of calls; default: until there are enough samples.

    Returns
    -------
    list of float, float, or (those, value), in MiB

    Raises
    ------
    ProcessError
        If the backend is unknown.
    ValueError
        If `proc` is a tuple of another form.
    """
    samples = _Samples(os.getpid(), check_backend(backend), include_children, multiprocess, stream)
    value = None
    if callable(proc) or isinstance(proc, list | tuple):
        value = _watch_calls(samples, *_split(proc), interval, max_iterations)
    elif isinstance(proc, subprocess.Popen):
        samples.pid = proc.pid
        _watch(samples, interval, timeout, lambda: proc.poll() is None)
    else:
        samples.pid = os.getpid() if proc == -1 else int(proc)
        _watch(samples, interval, 0 if timeout is None else timeout, lambda: is_running(samples.pid))
    if stream is not None:
        return None
    found: list[Any] = list(samples.found) if timestamps else [memory for memory, _ in samples.found]
    answer = max(found) if max_usage else found
    return (answer, value) if retval else answer


def _split(proc: Any) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
    parts = proc if isinstance(proc, list | tuple) else (proc,)
    if not 1 <= len(parts) <= 3 or not callable(parts[0]):
        raise ValueError("proc is a process, a function, or (function, args, kwargs)")
    return parts[0], tuple(parts[1]) if len(parts) > 1 else (), dict(parts[2]) if len(parts) > 2 else {}


def _watch(samples: _Samples, interval: float, timeout: float | None, runs: Callable[[], bool]) -> None:
    end = None if timeout is None else time.monotonic() + timeout
    while True:
        samples.take()
        if end is not None and time.monotonic() + interval > end:
            return
        time.sleep(interval)
        if not runs():
            return


def _watch_calls(
    samples: _Samples,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    interval: float,
    max_iterations: int | None,
) -> Any:
    """Call a function until there are some measurements, each time with a shorter interval."""
    traced = samples.backend == "tracemalloc" and not tracemalloc.is_tracing()
    if traced:
        tracemalloc.start()
    calls = 0
    try:
        while True:
            before = samples.taken
            samples.found.clear()
            value = _watch_call(samples, interval, lambda: function(*args, **kwargs))
            calls += 1
            if samples.taken - before > _ENOUGH or calls == max_iterations or interval < _SHORTEST_S:
                return value
            if inspect.isgenerator(value):  # it has not run, and would not the next time
                return value
            interval /= 10
    finally:
        if traced:
            tracemalloc.stop()


def _watch_call(samples: _Samples, interval: float, call: Callable[[], Any]) -> Any:
    done = threading.Event()

    def look() -> None:
        while not done.wait(interval):
            samples.take()

    samples.take()
    watcher = threading.Thread(target=look, name="memory_usage", daemon=True)
    watcher.start()
    try:
        return call()
    finally:
        done.set()
        watcher.join()
        samples.take()
