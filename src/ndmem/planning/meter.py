"""What measures a call: `ndmem.tracking` has one, which is passed in, since siblings never import each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndmem.model.trace import Trace


class Meter(Protocol):
    """Records calls."""

    def record(self, action: Callable[[], object], *, threshold: int = 1) -> list[bytes]:
        """Call a function and return its journal."""

    def read(self, parts: list[bytes]) -> tuple[Trace, int]:
        """Return the Trace of a journal, and the number of events that were not recorded."""
