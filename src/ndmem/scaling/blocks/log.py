"""The blocks that ended, in the order in which they did."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from ndmem.scaling.block import Block


@dataclass(slots=True)
class Log:
    """Blocks that ended; threads add to it.

    Attributes
    ----------
    advance : callable
        Is told how many rows more are done.
    """

    advance: Callable[[int], None]
    blocks: list[Block] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, blocks: list[Block]) -> None:
        """Add blocks."""
        with self._lock:
            self.blocks.extend(blocks)
            self.advance(sum(block.rows for block in blocks))
