"""Line-by-line profiles: what each execution of each line of a function did to live bytes, exactly."""

from __future__ import annotations

import inspect
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ndmem.model.profile import FunctionProfile, ProfiledLine
from ndmem.tracking.recorder import Recorder

from .line_events import END, line_events

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType


@dataclass(slots=True)
class _Tally:
    """Sums of one line."""

    count: int = 0
    peak: int = 0
    temporary: int = 0
    net: int = 0


@dataclass(slots=True, eq=False)  # two calls with equal values are two calls
class Activation:
    """One call of the function: the line that runs, and live bytes when the line began."""

    lineno: int | None = None
    start: int = 0
    peak: int = 0
    lines: dict[int, _Tally] = field(default_factory=dict)


class LineProfiler:
    """Profiles the calls of one function.

    Live bytes belong to the process: a line's peak is the highest of the process while the line ran, whichever thread
    allocated it. So each reading of the recorder's window counts for the lines of all threads.

    Parameters
    ----------
    code : code object
        Code object of the function.
    on_profile : callable
        Called with the `FunctionProfile` when the outermost call ends.
    """

    def __init__(self, code: CodeType, on_profile: Callable[[FunctionProfile], None]) -> None:
        self._code = code
        self._on_profile = on_profile
        self._running = threading.local()
        self._open: list[Activation] = []
        self._lines: dict[int, _Tally] = {}
        self._calls = 0
        self._recorder: Recorder | None = None
        self._lock = threading.RLock()

    def begin_call(self) -> Activation:
        """Begin a call; the outermost starts recording."""
        with self._lock:
            if self._recorder is None:
                self._recorder = Recorder()
                self._recorder.start()
                self._lines = {}
            self._calls += 1
        return Activation(lines=self._lines)

    def end_call(self) -> None:
        """End a call; the outermost stops recording and delivers the profile."""
        with self._lock:
            self._calls -= 1
            if self._calls or self._recorder is None:
                return
            recorder, self._recorder = self._recorder, None
            recorder.stop()
            profile = self._describe(recorder.peak)
        self._on_profile(profile)

    def resume(self, activation: Activation) -> None:
        """The call runs from here: at its start, or after a ``yield`` or ``await``."""
        line_events.enter(self._code, self._on_line)
        with self._lock:
            live = self._read()
            activation.start = activation.peak = live
            self._open.append(activation)
            self._stack().append(activation)

    def suspend(self, activation: Activation) -> None:
        """The call stops running here: at its end, or at a ``yield`` or ``await``."""
        line_events.leave(self._code, self._on_line)
        with self._lock:
            live = self._read()
            self._close_line(activation, live)
            self._open.remove(activation)
            self._stack().remove(activation)

    def _stack(self) -> list[Activation]:
        """Calls that run in this thread, innermost last."""
        stack: list[Activation] = self._running.__dict__.setdefault("stack", [])
        return stack

    def _read(self) -> int:
        """Read the recorder's window, for every line that is running."""
        if self._recorder is None:
            return 0
        live, peak = self._recorder.take_window()
        for activation in self._open:
            activation.peak = max(activation.peak, peak)
        return live

    def _on_line(self, code: CodeType, lineno: int) -> None:
        stack = self._stack()
        if code is not self._code or not stack or lineno == END:
            return
        with self._lock:
            live = self._read()
            activation = stack[-1]
            self._close_line(activation, live)
            activation.lineno, activation.start, activation.peak = lineno, live, live
            activation.lines.setdefault(lineno, _Tally()).count += 1

    @staticmethod
    def _close_line(activation: Activation, live: int) -> None:
        if activation.lineno is None:
            return
        tally = activation.lines.setdefault(activation.lineno, _Tally())
        tally.peak = max(tally.peak, activation.peak)
        tally.temporary = max(tally.temporary, activation.peak - max(activation.start, live))
        tally.net += live - activation.start
        activation.start = activation.peak = live

    def _describe(self, peak: int) -> FunctionProfile:
        try:
            source, first = inspect.getsourcelines(self._code)
        except (OSError, TypeError):
            source, first = [], self._code.co_firstlineno
        # Since Python 3.13 <string> has the text of `python -c`, which other code of that name is not in.
        if self._lines and max(self._lines) >= first + len(source):
            source, first = [], self._code.co_firstlineno
        lines = tuple(
            ProfiledLine(lineno, tally.count, tally.peak, tally.temporary, tally.net)
            for lineno, tally in sorted(self._lines.items())
        )
        text = tuple(line.rstrip("\r\n") for line in source)
        return FunctionProfile(self._code.co_name, self._code.co_filename, first, text, lines, peak)
