"""Line events of single functions: two interchangeable sources behind one protocol.

Only decorated functions have line events; the rest of the program runs at full speed. The callback is Python:
about 1 µs a line, which is what a person waits for who decorated a function to look at it.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, Protocol

from ndmem.errors import TrackingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

    OnLine = Callable[[CodeType, int], None]
    _Trace = Callable[[FrameType, str, Any], Any]


class LineEvents(Protocol):
    """A source of line events."""

    def enter(self, code: CodeType) -> None:
        """Watch a code object that this thread is about to run."""

    def leave(self, code: CodeType) -> None:
        """Undo the latest `enter` of this thread."""


def make_line_events(on_line: OnLine) -> LineEvents:
    """Return the source that this Python has."""
    return MonitoringEvents(on_line) if hasattr(sys, "monitoring") else TraceEvents(on_line)


class MonitoringEvents:
    """``sys.monitoring`` (PEP 669, Python 3.12): other tools keep theirs."""

    def __init__(self, on_line: OnLine) -> None:
        self._on_line = on_line
        self._monitoring: Any = sys.monitoring  # type: ignore[attr-defined]  # the oldest Python checked has none
        self._tool: int | None = None
        self._entered: dict[CodeType, int] = {}
        self._lock = threading.Lock()

    def enter(self, code: CodeType) -> None:
        """Watch a code object; its events are local to it."""
        with self._lock:
            if self._tool is None:
                self._tool = self._take_tool()
            if code not in self._entered:
                self._monitoring.set_local_events(self._tool, code, self._monitoring.events.LINE)
            self._entered[code] = self._entered.get(code, 0) + 1

    def leave(self, code: CodeType) -> None:
        """Undo the latest `enter`; the last one gives the tool's id back."""
        with self._lock:
            assert self._tool is not None
            self._entered[code] -= 1
            if self._entered[code] == 0:
                del self._entered[code]
                self._monitoring.set_local_events(self._tool, code, 0)
            if not self._entered:
                self._monitoring.register_callback(self._tool, self._monitoring.events.LINE, None)
                self._monitoring.free_tool_id(self._tool)
                self._tool = None

    def _take_tool(self) -> int:
        # Ids 0, 1, 2 and 5 are meant for debuggers, coverage, profilers and optimisers: ask for a free one first.
        for tool in (3, 4, self._monitoring.PROFILER_ID):
            if self._monitoring.get_tool(tool) is None:
                self._monitoring.use_tool_id(tool, "ndmem")
                self._monitoring.register_callback(tool, self._monitoring.events.LINE, self._on_line)
                return tool
        raise TrackingError("other tools hold all of sys.monitoring's free ids; stop one to profile lines")


class TraceEvents:
    """``sys.settrace``, for this thread and only while the function runs; a tracer that is there stays in the chain."""

    def __init__(self, on_line: OnLine) -> None:
        self._on_line = on_line
        self._outer = threading.local()

    def enter(self, code: CodeType) -> None:
        """Watch a code object that this thread is about to run."""
        before = sys.gettrace()
        stack: list[_Trace | None] = self._outer.__dict__.setdefault("stack", [])
        stack.append(before)
        # A function that calls itself is watched already: a second tracer would see its lines twice.
        if before is None or before is not self._outer.__dict__.get("tracer"):
            self._outer.tracer = self._make_tracer(code, before)
            sys.settrace(self._outer.tracer)

    def leave(self, code: CodeType) -> None:
        """Undo the latest `enter` of this thread."""
        sys.settrace(self._outer.stack.pop())

    def _make_tracer(self, code: CodeType, before: _Trace | None) -> _Trace:
        def trace(frame: FrameType, event: str, arg: Any) -> Any:
            inner = before(frame, event, arg) if before else None
            if frame.f_code is not code:
                return inner

            def trace_line(frame: FrameType, event: str, arg: Any) -> Any:
                nonlocal inner
                if event == "line":
                    self._on_line(code, frame.f_lineno)
                if inner is not None:
                    inner = inner(frame, event, arg)
                return trace_line

            return trace_line

        return trace
