"""Line events of single functions: two interchangeable sources behind one protocol.

Only decorated functions have line events; the rest of the program runs at full speed. The callback is Python: about
1 µs a line, which a user who decorated a function accepts.

All profilers of the process share one source: decorated functions call each other, and an event for each of them
would count lines twice, or take more of the few ids that ``sys.monitoring`` has.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, Final, Protocol

from ndmem.errors import TrackingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

    OnLine = Callable[[CodeType, int], None]
    _Trace = Callable[[FrameType, str, Any], Any]


END: Final = -1
"""Reported instead of a line when the function returns or yields, its variables still alive; not at an exception."""


class LineEvents(Protocol):
    """A source of line events."""

    def enter(self, code: CodeType, on_line: OnLine) -> None:
        """Watch a code object that this thread is about to run."""

    def leave(self, code: CodeType, on_line: OnLine) -> None:
        """Undo the latest `enter` of this thread."""


class _Watchers:
    """The callbacks for the lines of each code object, with the number of entries of each."""

    def __init__(self) -> None:
        # By identity: code objects of two functions are equal if they were compiled from the same source.
        self._entered: dict[int, dict[OnLine, int]] = {}

    def add(self, code: CodeType, on_line: OnLine) -> bool:
        """Add a callback; return whether it is the first for this code."""
        counts = self._entered.setdefault(id(code), {})
        counts[on_line] = counts.get(on_line, 0) + 1
        return len(counts) == 1 and counts[on_line] == 1

    def remove(self, code: CodeType, on_line: OnLine) -> bool:
        """Remove a callback; return whether it was the last for this code."""
        counts = self._entered[id(code)]
        counts[on_line] -= 1
        if not counts[on_line]:
            del counts[on_line]
        if not counts:
            del self._entered[id(code)]
        return not counts

    def report(self, code: CodeType, lineno: int) -> None:
        """Call the callbacks for a line."""
        for on_line in tuple(self._entered.get(id(code), ())):
            on_line(code, lineno)

    def __contains__(self, code: CodeType) -> bool:
        return id(code) in self._entered

    def __bool__(self) -> bool:
        return bool(self._entered)


class MonitoringEvents:
    """Line events by ``sys.monitoring`` (PEP 669, Python 3.12), which other tools can use at the same time."""

    def __init__(self) -> None:
        system: Any = sys  # mypy may run on 3.11, which has no monitoring
        self._monitoring = system.monitoring
        self._tool: int | None = None
        self._watchers = _Watchers()
        # Reentrant: the garbage collector may close a profiled generator while this is held.
        self._lock = threading.RLock()

    def enter(self, code: CodeType, on_line: OnLine) -> None:
        """Watch a code object; its events are local to it."""
        with self._lock:
            if self._tool is None:
                self._tool = self._take_tool()
            if self._watchers.add(code, on_line):
                self._monitoring.set_local_events(self._tool, code, self._choose_events(code))

    def leave(self, code: CodeType, on_line: OnLine) -> None:
        """Undo the latest `enter`; the last one gives the tool's id back."""
        with self._lock:
            if self._watchers.remove(code, on_line):
                self._monitoring.set_local_events(self._tool, code, 0)
            if not self._watchers:
                for name in ("LINE", "PY_START", "PY_RETURN", "PY_YIELD"):
                    self._monitoring.register_callback(self._tool, getattr(self._monitoring.events, name), None)
                self._monitoring.free_tool_id(self._tool)
                self._tool = None

    def _take_tool(self) -> int:
        # Ids 0, 1, 2 and 5 are meant for debuggers, coverage, profilers and optimisers: ask for a free one first.
        for tool in (3, 4, self._monitoring.PROFILER_ID):
            if self._monitoring.get_tool(tool) is None:
                self._monitoring.use_tool_id(tool, "ndmem")
                self._monitoring.register_callback(tool, self._monitoring.events.LINE, self._watchers.report)
                self._monitoring.register_callback(tool, self._monitoring.events.PY_START, self._tell_start)
                for event in (self._monitoring.events.PY_RETURN, self._monitoring.events.PY_YIELD):
                    self._monitoring.register_callback(tool, event, self._tell_end)
                return tool
        raise TrackingError("other tools hold all of sys.monitoring's free ids; stop one to profile lines")

    def _choose_events(self, code: CodeType) -> int:
        """A function in a single line has no line events (3.13, at times 3.12): its only line begins at its start."""
        lines = {line for _, _, line in code.co_lines() if line is not None}
        events = self._monitoring.events
        begin: int = events.PY_START if len(lines) == 1 else events.LINE
        return begin | int(events.PY_RETURN) | int(events.PY_YIELD)

    def _tell_start(self, code: CodeType, _: int) -> None:
        self._watchers.report(code, code.co_firstlineno)

    def _tell_end(self, code: CodeType, _: int, __: object) -> None:
        self._watchers.report(code, END)


class TraceEvents:
    """``sys.settrace``, for each thread and only while a watched function runs; a tracer that is there is called on."""

    def __init__(self) -> None:
        self._watchers = _Watchers()
        self._lock = threading.RLock()
        self._thread = threading.local()

    def enter(self, code: CodeType, on_line: OnLine) -> None:
        """Watch a code object that this thread is about to run."""
        with self._lock:
            self._watchers.add(code, on_line)
        before = sys.gettrace()
        stack: list[_Trace | None] = self._thread.__dict__.setdefault("stack", [])
        stack.append(before)
        # Inside another watched function a second tracer would see the lines twice.
        if before is None or before is not self._thread.__dict__.get("tracer"):
            self._thread.tracer = self._make_tracer(before)
            sys.settrace(self._thread.tracer)

    def leave(self, code: CodeType, on_line: OnLine) -> None:
        """Undo the latest `enter` of this thread."""
        sys.settrace(self._thread.stack.pop())
        with self._lock:
            self._watchers.remove(code, on_line)

    def _make_tracer(self, before: _Trace | None) -> _Trace:
        def trace(frame: FrameType, event: str, arg: Any) -> Any:
            inner = before(frame, event, arg) if before else None
            if before and sys.gettrace() is not trace:
                sys.settrace(trace)  # coverage's tracer puts itself in place of what called it
            if frame.f_code not in self._watchers:
                return inner

            def trace_line(frame: FrameType, event: str, arg: Any) -> Any:
                nonlocal inner
                if event == "line":
                    self._watchers.report(frame.f_code, frame.f_lineno)
                elif event == "return":
                    self._watchers.report(frame.f_code, END)
                if inner is not None:
                    inner = inner(frame, event, arg)
                # A debugger that was started meanwhile has put itself in our place.
                return trace_line if frame.f_trace is trace_line else frame.f_trace

            return trace_line

        return trace


line_events: LineEvents = MonitoringEvents() if hasattr(sys, "monitoring") else TraceEvents()
"""The source that this Python has."""
