"""Wait for signals, up to a time.

Linux has a call for it, `signal.sigtimedwait`, that also names the sender. macOS has none: there handlers collect what
arrives.
"""

from __future__ import annotations

import collections
import contextlib
import os
import select
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import FrameType

_SENT_BY_PROCESS = 0  # siginfo's si_code SI_USER: another process called kill(); the terminal's Ctrl-C is above
_OF_KEYS = (signal.SIGINT, signal.SIGQUIT)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A signal that has arrived.

    Attributes
    ----------
    number : int
        Its number.
    is_sent : bool
        Another process sent it, to this process alone as far as the system tells: not a key of the terminal, which
        reaches the whole process group.
    sender : int or None
        The process that sent it; ``None`` where the system does not tell.
    """

    number: int
    is_sent: bool
    sender: int | None = None


class SignalWait(Protocol):
    """Signals that are waited for, and do nothing else until `close`."""

    def take(self, timeout_s: float, only: Collection[int] = ()) -> Arrived | None:
        """Wait for the next signal, or for one of ``only``; ``None`` if none arrives within ``timeout_s`` seconds."""

    def discard(self) -> None:
        """Discard the signals that have arrived."""

    def close(self) -> None:
        """Give the signals their effect of before; those that have arrived and were not taken have it now."""


def open_signal_wait(numbers: Collection[int]) -> SignalWait:
    """Wait for signals that this thread, the main one, has blocked."""
    return _Blocked(numbers) if hasattr(signal, "sigtimedwait") else _Handled(numbers)


class _Blocked:
    """They stay pending until they are taken."""

    def __init__(self, numbers: Collection[int]) -> None:
        self._numbers = numbers

    def take(self, timeout_s: float, only: Collection[int] = ()) -> Arrived | None:
        information = signal.sigtimedwait(only or self._numbers, timeout_s)
        if information is None:
            return None
        return Arrived(information.si_signo, information.si_code <= _SENT_BY_PROCESS, information.si_pid)

    def discard(self) -> None:
        while self.take(0) is not None:
            pass

    def close(self) -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._numbers)


class _Handled:
    """Python's handlers collect them; a byte in a pipe wakes the wait."""

    def __init__(self, numbers: Collection[int]) -> None:
        self._numbers = numbers
        self._arrived: collections.deque[Arrived] = collections.deque()
        self._woken, self._wakes = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wakes, False)
        self._before_fd = signal.set_wakeup_fd(self._wakes, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._note) for number in numbers}
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._arrived.append(Arrived(number, number not in _OF_KEYS or not _is_in_foreground()))

    def take(self, timeout_s: float, only: Collection[int] = ()) -> Arrived | None:
        if not self._has(only):
            select.select([self._woken], [], [], timeout_s)
            with contextlib.suppress(BlockingIOError):
                os.read(self._woken, 4096)
        for each in list(self._arrived):
            if not only or each.number in only:
                self._arrived.remove(each)
                return each
        return None

    def _has(self, only: Collection[int]) -> bool:
        return any(not only or each.number in only for each in self._arrived)

    def discard(self) -> None:
        self._arrived.clear()

    def close(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        signal.set_wakeup_fd(self._before_fd)
        os.close(self._woken)
        os.close(self._wakes)
        for each in self._arrived:
            signal.raise_signal(each.number)


def _is_in_foreground() -> bool:
    """Whether the terminal's keys reach this process; the system does not tell who sent a signal."""
    with contextlib.suppress(OSError):  # no terminal
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            return os.tcgetpgrp(terminal) == os.getpgrp()
        finally:
            os.close(terminal)
    return False
