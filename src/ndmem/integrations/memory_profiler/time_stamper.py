"""``--timestamp``: write when functions ran, and the memory of the process, in the lines that mprof reads."""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from ndmem.tracking.line_profiler.wrap import wrap

from .backends import check_backend, read_memory

Stamp = tuple[float, float]
"""Memory in MiB and the time in seconds since 1970."""


@dataclass(slots=True)
class _Stamped:
    """One call, or one block."""

    name: str
    begin: Stamp
    level: int
    end: Stamp | None = None


class TimeStamper:
    """Record begin and end of each call of decorated functions, as memory_profiler's class of this name does.

    Parameters
    ----------
    backend : str, optional
        See `read_memory`.
    include_children : bool
        Add the memory of child processes.
    """

    def __init__(self, backend: str | None = None, include_children: bool = False) -> None:  # its signature
        self.backend = check_backend(backend)
        self.include_children = include_children
        self._found: list[_Stamped] = []
        self._thread = threading.local()

    def __call__(self, func: Callable[..., Any] | None = None, precision: int | None = None) -> Any:
        """Decorate a function; without one, return the decorator."""
        if func is None:
            return self
        name = f"{func.__module__}.{func.__name__}"
        return wrap(func, lambda _: _OfFunction(self, name))

    @contextlib.contextmanager
    def timestamp(self, name: str = "<block>") -> Iterator[None]:
        """Record begin and end of a block."""
        block = self.begin(f".{name}")
        self.resume(block)
        try:
            yield
        finally:
            self.suspend(block)

    def show_results(self, stream: IO[str] | None = None) -> None:
        """Write a ``FUNC`` line for each call, by begin; a running call ends now."""
        target = sys.stdout if stream is None else stream
        for each in self._found:
            begin, end = each.begin, each.end or self._stamp()
            figures = " ".join(f"{figure:.4f}" for figure in (*begin, *end))
            # mprof splits the line at blanks.
            target.write(f"FUNC {'_'.join(each.name.split())} {figures} {each.level}\n")
        target.flush()

    def begin(self, name: str) -> _Stamped:
        """Record the begin of a call or a block."""
        stamped = _Stamped(name, self._stamp(), self._thread.__dict__.get("level", 0))
        self._found.append(stamped)
        return stamped

    def resume(self, _: _Stamped) -> None:
        """Record that it runs: at its start, or after it waited."""
        self._thread.level = self._thread.__dict__.get("level", 0) + 1

    def suspend(self, stamped: _Stamped) -> None:
        """Record that it stops running: its end, unless it runs again."""
        self._thread.level -= 1
        stamped.end = self._stamp()

    def _stamp(self) -> Stamp:
        return read_memory(os.getpid(), self.backend, include_children=self.include_children), time.time()


class _OfFunction:
    """Receives the calls of one function from `wrap`."""

    def __init__(self, stamper: TimeStamper, name: str) -> None:
        self._name = name
        self._stamper = stamper
        self.resume = stamper.resume
        self.suspend = stamper.suspend

    def begin_call(self) -> _Stamped:
        return self._stamper.begin(self._name)

    def end_call(self, _: _Stamped) -> None:
        """Do nothing: `suspend` has recorded the end."""
