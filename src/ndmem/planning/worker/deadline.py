"""Interrupt a call after a time limit or a limit of processor time, keeping what was recorded so far."""

import contextlib
import math
import signal
from collections.abc import Iterator
from types import FrameType


class CutError(BaseException):
    """The call exceeded its time limit; a BaseException, so that no `except Exception` of the function catches it."""


@contextlib.contextmanager
def cut_after(seconds: float, *, processor_seconds: float = math.inf) -> Iterator[None]:
    """Interrupt the block after this many seconds, or after this much processor time, at its next Python instruction.

    Raises
    ------
    CutError
        If the block was interrupted.
    """
    with (
        _timer(signal.ITIMER_REAL, signal.SIGALRM, seconds),
        _timer(signal.ITIMER_PROF, signal.SIGPROF, processor_seconds),
    ):
        yield


@contextlib.contextmanager
def _timer(timer: int, number: signal.Signals, seconds: float) -> Iterator[None]:
    if math.isinf(seconds):
        yield
        return

    def cut(signum: int, frame: FrameType | None) -> None:
        raise CutError

    before = signal.signal(number, cut)
    signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        signal.setitimer(timer, 0)
        signal.signal(number, before)
