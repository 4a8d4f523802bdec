"""`assert_peak_below`: a limit of the array memory of a block of code, for any test framework."""

from __future__ import annotations

import gc
from contextlib import ContextDecorator
from typing import TYPE_CHECKING

from ndmem.units import parse_nbytes

from .callers import list_callers
from .exceeded import ArrayLimit, describe_exceeded
from .garbage import YoungGarbage
from .recording import CodeRecording, Depth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType


class PeakLimit(ContextDecorator):
    """Limit of a block of code, or of each call of a function; `assert_peak_below` makes it.

    Attributes
    ----------
    peak, kept : int or None
        Highest live bytes of the block's arrays, and bytes alive at its end; ``None`` before its end.
    """

    def __init__(self, limit: int | str, *, kept: int | str | None = None) -> None:
        self.peak: int | None = None
        self.kept: int | None = None
        self._written = f"assert_peak_below({limit!r}{'' if kept is None else f', kept={kept!r}'})"
        self._limit = parse_nbytes(limit)
        self._kept_limit = None if kept is None else parse_nbytes(kept)
        self._callers: Sequence[tuple[str, str]] = ()
        self._recording: CodeRecording | None = None

    def _recreate_cm(self) -> PeakLimit:
        """Return a limit of its own for each call of a decorated function, which may be recursive."""
        fresh = PeakLimit.__new__(PeakLimit)
        fresh.__dict__.update(self.__dict__, _recording=None)
        return fresh

    def __enter__(self) -> PeakLimit:
        self._callers = list_callers()[:-2]  # without this frame, and that of the block
        self._garbage = YoungGarbage()
        self._recording = CodeRecording(Depth.THOROUGH).__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        recording, self._recording = self._recording, None
        assert recording is not None
        self._garbage.free(recording)
        if kind is None and self._kept_limit is not None and recording.live > self._kept_limit:
            gc.collect()
            if recording.live > self._kept_limit:
                recording.find_holders()
        recording.__exit__(None, None, None)
        self.peak, self.kept = recording.peak, recording.live
        if kind is None:
            kept = None if self._kept_limit is None else ArrayLimit(self._kept_limit, self._written)
            limit = ArrayLimit(self._limit, self._written)
            told = describe_exceeded(recording, peak=limit, kept=kept, callers=self._callers)
            if told:
                raise AssertionError(told)


def assert_peak_below(limit: int | str, *, kept: int | str | None = None) -> PeakLimit:
    """Assert that a block of code, or each call of a function, needs at most so much array memory.

    Parameters
    ----------
    limit : int or str
        Highest live bytes of the arrays that the block allocates, in any thread: ``"5 MiB"``. Exactly so many pass.
    kept : int or str, optional
        Bytes of these arrays that may be alive at its end, after garbage collection.

    Returns
    -------
    PeakLimit
        For ``with assert_peak_below("5 MiB") as found:``, after which ``found.peak`` and ``found.kept`` are the bytes;
        or as a decorator of a function or a method.

    Raises
    ------
    UnitError
        If a limit is not a number of bytes.
    AssertionError
        From the block, if it needs or keeps more. The first line has the figure and the limit; the lines and the arrays
        follow. An exception of the block itself leaves it unchanged.

    Examples
    --------
    >>> import numpy as np
    >>> from ndmem.testing import assert_peak_below
    >>> with assert_peak_below("1 MiB") as found:
    ...     table = np.empty(1000)
    >>> found.peak, found.kept
    (8000, 8000)
    """
    return PeakLimit(limit, kept=kept)
