"""End a call that takes too long, and keep what it did until then."""

from __future__ import annotations

import contextlib
import math
import signal
from collections.abc import Iterator
from types import FrameType


class CutError(BaseException):
    """The call took longer than it may; no `except Exception` of the function's takes it for its own."""


@contextlib.contextmanager
def cut_after(seconds: float) -> Iterator[None]:
    """End what runs inside after so many seconds, at its next Python instruction.

    Raises
    ------
    CutError
        If it was ended.
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
