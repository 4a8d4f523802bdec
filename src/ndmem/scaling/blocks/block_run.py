"""What `ndmem.map_blocks` returns: the result, and what was predicted and measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ndmem.scaling.amplification import Amplification
from ndmem.scaling.block import Block
from ndmem.scaling.wording import write_block_run

from .plan import Plan

if TYPE_CHECKING:
    from .engines import Engine


@dataclass(frozen=True, slots=True)
class BlockRun:
    """A function that was run over a source in blocks. Printing it shows predicted and measured memory.

    Attributes
    ----------
    result : object
        The output: its path, the array, or the reduced value.
    budget_nbytes : int
        The budget, anonymous bytes of the process.
    peak_nbytes : int or None
        The highest anonymous memory while planned blocks ran; ``None`` if the system has no high-water mark.
    plan : Plan or None
        The planned blocks; ``None`` if the blocks that measured the function were all.
    needed : Amplification or None
        Bytes of a block over its rows; ``None`` if nothing was left to do.
    blocks : tuple of Block
        All blocks, in the order in which they ended.
    skipped_rows : int
        Rows that an earlier run had finished.
    seconds : float
        Time for everything.
    engine : Engine
        What ran the blocks.
    """

    result: Any
    budget_nbytes: int
    peak_nbytes: int | None
    plan: Plan | None
    needed: Amplification | None
    blocks: tuple[Block, ...]
    skipped_rows: int
    seconds: float
    engine: Engine

    @property
    def predicted_nbytes(self) -> int | None:
        """The predicted peak of anonymous memory; ``None`` without a plan."""
        return None if self.plan is None else self.plan.peak_nbytes

    def __str__(self) -> str:
        return write_block_run(self)

    def __repr__(self) -> str:
        return f"<ndmem.BlockRun {write_block_run(self).splitlines()[0]}>"
