"""Measure lines of functions: the memory of the process, as memory_profiler does, and arrays exactly."""

from __future__ import annotations

import os
import threading
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ndmem.tracking.line_profiler.line_events import END, line_events
from ndmem.tracking.line_profiler.wrap import wrap
from ndmem.tracking.recorder import Recorder

from .backends import check_backend, read_memory
from .debugger import stop_in

if TYPE_CHECKING:
    from types import CodeType, TracebackType

Line = tuple[float, float, int]
"""Increment and memory in MiB, and how often the line ran."""


@dataclass(slots=True)
class Arrays:
    """Arrays of a line, in bytes: the highest live bytes while it ran, and its temporaries."""

    peak: int = 0
    temporary: int = 0


@dataclass(slots=True, eq=False)  # equal fields do not make two calls one
class _Call:
    """One call of a function: the running line, and the figures when that line began."""

    code: CodeType
    lineno: int | None = None
    closed: bool = False
    memory: float = 0.0
    live: int = 0
    peak: int = 0


class LineProfiler:
    """Profiles functions that it decorates.

    Parameters
    ----------
    backend : str
        See `read_memory`.
    include_children : bool
        Add the memory of child processes.
    max_mem : float, optional
        MiB; when the process exceeds it, the debugger starts at the next line, once.

    Attributes
    ----------
    code_map : dict
        Code object → line → (increment in MiB, memory in MiB, occurrences).
    arrays : dict
        Code object → line → `Arrays`.
    """

    def __init__(
        self, backend: str | None = None, include_children: bool = False, max_mem: float | None = None
    ) -> None:  # its signature
        self.backend = check_backend(backend)
        self.include_children = include_children
        self.max_mem = max_mem
        self.code_map: dict[CodeType, dict[int, Line]] = {}
        self.arrays: dict[CodeType, dict[int, Arrays]] = {}
        self._recorder: Recorder | None = None
        self._running: list[_Call] = []
        self._calls = 0
        # Reentrant: while it is held, a finalizer that the garbage collector runs may call a profiled function.
        self._lock = threading.RLock()
        self._enabled = 0

    def __call__(self, func: Callable[..., Any] | None = None, precision: int = 1) -> Any:
        """Decorate a function; without one return what decorates."""
        if func is None:
            return self
        self.add_function(func)
        return self.wrap_function(func)

    def add_function(self, func: Callable[..., Any]) -> None:
        """Have a function in the results, even if it never runs."""
        code = _code_of(func)
        if code is not None:
            self.code_map.setdefault(code, {})
            self.arrays.setdefault(code, {})

    def wrap_function(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function of the same kind whose lines are recorded."""
        return wrap(func, lambda code: _OfCode(self, code))

    def runctx(self, cmd: str, globals: dict[str, Any], locals: dict[str, Any]) -> LineProfiler:  # its signature
        """Run a text; functions that this profiler decorated are recorded."""
        with self:
            exec(cmd, globals, locals)
        return self

    def run(self, cmd: str) -> LineProfiler:
        """Run a text in the main module."""
        import __main__  # what it is at this moment

        return self.runctx(cmd, vars(__main__), vars(__main__))

    def enable_by_count(self) -> None:
        """For programs that call it: decorated functions are always recorded."""
        self._enabled += 1

    def disable_by_count(self) -> None:
        """For programs that call it."""
        self._enabled = max(0, self._enabled - 1)

    def __enter__(self) -> LineProfiler:
        self.enable_by_count()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.disable_by_count()

    def begin_call(self) -> None:
        """The outermost call begins: arrays are recorded from here on."""
        with self._lock:
            self._calls += 1
            if self._recorder is None:
                if self.backend == "tracemalloc" and not tracemalloc.is_tracing():
                    tracemalloc.start()
                self._recorder = Recorder()
                self._recorder.start()

    def end_call(self) -> None:
        """Stop recording when the last call ends."""
        with self._lock:
            self._calls -= 1
            if not self._calls and self._recorder is not None:
                self._recorder.stop()
                self._recorder = None

    def read(self) -> tuple[float, int]:
        """Return the memory of the process in MiB and the live bytes of arrays; update the running lines' peaks."""
        live, peak = (0, 0) if self._recorder is None else self._recorder.take_window()
        for call in self._running:
            call.peak = max(call.peak, peak)
        return read_memory(os.getpid(), self.backend, include_children=self.include_children), live

    def begin_running(self, call: _Call) -> None:
        """Record that a call runs: at its start, or after it waited."""
        with self._lock:
            memory, live = self.read()
            lines = self.code_map.setdefault(call.code, {})
            self.arrays.setdefault(call.code, {})
            first = call.code.co_firstlineno
            _, highest, count = lines.get(first, (0.0, memory, 0))
            if call.lineno is None:
                lines[first] = (memory if count == 0 else lines[first][0], max(highest, memory), count + 1)
            call.memory, call.live, call.peak, call.closed = memory, live, live, False
            self._running.append(call)

    def end_running(self, call: _Call) -> None:
        """Record that a call stops running: at its end, or because it waits."""
        with self._lock:
            if not call.closed:  # an exception ended it
                self._close_line(call)
            self._running.remove(call)

    def on_line(self, call: _Call, lineno: int) -> None:
        """Record that a call reaches a line."""
        with self._lock:
            self._close_line(call)
            if lineno != END:
                call.lineno, call.closed = lineno, False
                increment, memory, count = self.code_map[call.code].get(lineno, (0.0, 0.0, 0))
                self.code_map[call.code][lineno] = (increment, memory, count + 1)
            limit = self.max_mem
            if limit is None or call.memory < limit:
                return
            self.max_mem = None
        stop_in(call.code, call.memory, limit)  # without the lock: other threads must go on while the user debugs

    def _close_line(self, call: _Call) -> None:
        memory, live = self.read()
        if call.lineno is not None:
            increment, highest, count = self.code_map[call.code].get(call.lineno, (0.0, 0.0, 0))
            self.code_map[call.code][call.lineno] = (increment + memory - call.memory, max(highest, memory), count)
            arrays = self.arrays[call.code].setdefault(call.lineno, Arrays())
            arrays.peak = max(arrays.peak, call.peak)
            arrays.temporary = max(arrays.temporary, call.peak - max(call.live, live))
        call.memory, call.live, call.peak = memory, live, live
        call.closed = True


class _OfCode:
    """Receives the calls of one function from `wrap`."""

    def __init__(self, profiler: LineProfiler, code: CodeType) -> None:
        self._profiler = profiler
        self._code = code
        self._thread = threading.local()

    def begin_call(self) -> _Call:
        self._profiler.begin_call()
        return _Call(self._code)

    def end_call(self, _: _Call) -> None:
        self._profiler.end_call()

    def resume(self, call: _Call) -> None:
        line_events.enter(self._code, self._on_line)
        self._stack().append(call)
        self._profiler.begin_running(call)

    def suspend(self, call: _Call) -> None:
        line_events.leave(self._code, self._on_line)
        self._stack().remove(call)
        self._profiler.end_running(call)

    def _on_line(self, code: CodeType, lineno: int) -> None:
        stack = self._stack()
        if code is self._code and stack:
            self._profiler.on_line(stack[-1], lineno)

    def _stack(self) -> list[_Call]:
        """Calls that run in this thread, innermost last."""
        stack: list[_Call] = self._thread.__dict__.setdefault("stack", [])
        return stack


def _code_of(func: Any) -> CodeType | None:
    func = getattr(func, "__func__", func)
    while hasattr(func, "__wrapped__"):
        func = func.__wrapped__
    return getattr(func, "__code__", None)
