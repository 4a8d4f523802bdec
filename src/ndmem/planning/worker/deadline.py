"""Interrupt a call after a time limit, keeping what was recorded so far."""

import contextlib
import math
import signal
from collections.abc import Iterator
from types import FrameType


class CutError(BaseException):
    """The call exceeded its time limit; a BaseException, so that no `except Exception` of the function catches it."""


@contextlib.contextmanager
def cut_after(seconds: float) -> Iterator[None]:
    """Interrupt the block after this many seconds, at its next Python instruction.

    Raises
    ------
    CutError
        If the block was interrupted.
    """
    if math.isinf(seconds):
        yield
        return

    def cut(signum: int, frame: FrameType | None) -> None:
        raise CutError

    before = signal.signal(signal.SIGALRM, cut)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
