"""One job: the function, its source with the rows around a block, and where results go."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ndmem.errors import ScalingError
from ndmem.scaling.block import Block
from ndmem.scaling.samples import owns_blocks
from ndmem.scaling.sources.source import Source
from ndmem.scaling.work import Work, work_on


class Sink(Protocol):
    """Takes the results of blocks."""

    @property
    def unit(self) -> int:
        """Rows of which a block has to be a multiple."""

    @property
    def partial_nbytes(self) -> int:
        """Bytes of a partial result that waits to be combined; 0 where results are written."""

    def put(self, start: int, stop: int, result: Any) -> None:
        """Take the result of some rows."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is done with each block.

    Attributes
    ----------
    function : callable
        Takes the rows of a block, with `depth` more on each side that has some.
    source : Source
        Where the rows are read.
    sink : Sink
        Where results go.
    depth : int
        Rows around a block that the function reads and whose results are left out.
    """

    function: Callable[..., Any]
    source: Source
    sink: Sink
    depth: int = 0

    def run(self, start: int, stop: int, *, budget: int, alone: bool = False, trims: bool = False) -> list[Block]:
        """Work on some rows; where a budget is exceeded, on each half of them.

        Parameters
        ----------
        start, stop : int
            The rows.
        budget : int
            Bytes of arrays that the block may have.
        alone : bool
            Whether nothing else runs in the process.
        trims : bool
            Whether malloc returns what each phase has freed.

        Returns
        -------
        list of Block
            One, or one for each part.

        Raises
        ------
        MemoryError
            If the smallest part, a storage chunk of the output or one row, exceeds the budget.
        """
        work = Work(self._read, self._call, lambda first, result: self.sink.put(first, stop, result))
        unit = self.sink.unit
        try:
            return [work_on(work, start, stop, budget=budget, alone=alone, trims=trims)]
        except MemoryError:
            if stop - start <= unit:
                raise
        gc.collect()  # the frames of the error held the block
        middle = start + max((stop - start) // 2 // unit, 1) * unit
        return [
            *self.run(start, middle, budget=budget, alone=alone, trims=trims),
            *self.run(middle, stop, budget=budget, alone=alone, trims=trims),
        ]

    def _read(self, start: int, stop: int) -> tuple[tuple[Any, ...], int]:
        first, last = max(start - self.depth, 0), min(stop + self.depth, self.source.shape[0])
        block = self.source.read(first, last)
        return (block, start - first, stop - start), block.nbytes if owns_blocks(self.source) else 0

    def _call(self, block: np.ndarray[Any, Any], before: int, rows: int) -> Any:
        whole = len(block)
        result = self.function(block)
        if not self.depth:
            return result
        del block
        if not isinstance(result, np.ndarray) or not result.ndim or len(result) != whole:
            raise ScalingError(
                f"with depth={self.depth} the function has to return as many rows as it gets, {whole}; it returned "
                f"{describe(result)}"
            )
        return result[before : before + rows]


def describe(result: object) -> str:
    """Return the kind of a result in words: its dtype and shape where it is an array."""
    if isinstance(result, np.ndarray):
        return f"{result.dtype} {list(result.shape)}"
    return f"a {type(result).__name__}"
