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


@dataclass(slots=True, eq=False)  # two threads with equal values are two threads
class Profiled:
    """The calls that overlap in one thread: what a profile is about. Live bytes are the process's."""

    start: int
    peak: int
    calls: int = 0
    lines: dict[int, _Tally] = field(default_factory=dict)


@dataclass(slots=True, eq=False)  # two calls with equal values are two calls
class Activation:
    """One call of the function: the line that runs, and live bytes when the line began."""

    profiled: Profiled
    lineno: int | None = None
    start: int = 0
    peak: int = 0


class LineProfiler:
    """Profiles the calls of one function.

    Live bytes belong to the process: a line's peak is the highest of the process while the line ran, whichever thread
    allocated it. So each reading of the recorder's window counts for the lines of all threads. Each thread has
    profiles of its own.

    Parameters
    ----------
    code : code object
        Code object of the function.
    on_profile : callable
        Called with the `FunctionProfile` when the outermost call of a thread ends.
    """

    def __init__(self, code: CodeType, on_profile: Callable[[FunctionProfile], None]) -> None:
        self._code = code
        self._on_profile = on_profile
        self._running = threading.local()
        self._open: list[Activation] = []
        self._profiled: dict[int, Profiled] = {}
        self._recorder: Recorder | None = None
        self._lock = threading.RLock()

    def begin_call(self) -> Activation:
        """Begin a call; the outermost starts recording."""
        thread = threading.get_ident()
        with self._lock:
            if self._recorder is None:
                self._recorder = Recorder()
                self._recorder.start()
            profiled = self._profiled.get(thread)
            if profiled is None:
                live = self._read()
                profiled = self._profiled[thread] = Profiled(live, live)
            profiled.calls += 1
        return Activation(profiled)

    def end_call(self, activation: Activation) -> None:
        """End a call; the outermost of its thread delivers the profile, and the outermost of all stops recording."""
        profiled = activation.profiled
        with self._lock:
            profiled.calls -= 1
            if profiled.calls:
                return
            self._read()
            # The thread may be another one now: a generator can end in any.
            self._profiled = {thread: each for thread, each in self._profiled.items() if each is not profiled}
            if not self._profiled and self._recorder is not None:
                recorder, self._recorder = self._recorder, None
                recorder.stop()
            profile = self._describe(profiled)
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
        for profiled in self._profiled.values():
            profiled.peak = max(profiled.peak, peak)
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
            activation.profiled.lines.setdefault(lineno, _Tally()).count += 1

    @staticmethod
    def _close_line(activation: Activation, live: int) -> None:
        if activation.lineno is None:
            return
        tally = activation.profiled.lines.setdefault(activation.lineno, _Tally())
        tally.peak = max(tally.peak, activation.peak - activation.profiled.start)
        tally.temporary = max(tally.temporary, activation.peak - max(activation.start, live))
        tally.net += live - activation.start
        activation.start = activation.peak = live

    def _describe(self, profiled: Profiled) -> FunctionProfile:
        try:
            source, first = inspect.getsourcelines(self._code)
        except (OSError, TypeError):
            source, first = [], self._code.co_firstlineno
        # Since Python 3.13 <string> has the text of `python -c`, which other code of that name is not in.
        if profiled.lines and max(profiled.lines) >= first + len(source):
            source, first = [], self._code.co_firstlineno
        lines = tuple(
            ProfiledLine(lineno, tally.count, tally.peak, tally.temporary, tally.net)
            for lineno, tally in sorted(profiled.lines.items())
        )
        text = tuple(line.rstrip("\r\n") for line in source)
        return FunctionProfile(
            self._code.co_name, self._code.co_filename, first, text, lines, profiled.peak - profiled.start
        )
