"""Count the live bytes of all arrays of the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem import _native
from ndmem.tracking.recorder import DEFAULT_THRESHOLD, untracked
from ndmem.weighing.live.owned import owned_buffers

if TYPE_CHECKING:
    from types import TracebackType


def adopt_all() -> None:
    """Let the armed limits count the arrays that already exist."""
    with untracked():
        for address, nbytes in owned_buffers():
            _native.adopt(address, nbytes)


class LiveBytes:
    """Counts live bytes inside a ``with`` block, older arrays included as far as Python can reach them."""

    def __init__(self) -> None:
        self._counter = _native.Limit()

    def __enter__(self) -> LiveBytes:
        if not self._counter.arm(_native.running_threshold() or DEFAULT_THRESHOLD):
            adopt_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._counter.disarm()

    @property
    def nbytes(self) -> int:
        """Bytes alive now."""
        return self._counter.live
