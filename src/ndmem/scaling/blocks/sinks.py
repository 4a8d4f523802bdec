"""Where results of blocks go: into the rows of an output, or into a reduction."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ndmem.errors import ScalingError
from ndmem.scaling.outputs.output import Output, open_output
from ndmem.scaling.samples import row_nbytes
from ndmem.scaling.sources.source import Source
from ndmem.scaling.work import result_nbytes

from .job import describe
from .reduction import Reduction

if TYPE_CHECKING:
    from .earlier import Earlier

_CHUNK_NBYTES: Final = 2**21
_MOST_CHUNKS_EACH: Final = 64


class Rows:
    """Writes results as rows of an output, which the first result opens.

    Parameters
    ----------
    out : path, array-like or None
        As `open_output` takes it.
    source : Source
        What is read; the output has as many rows.
    earlier : Earlier
        What is there of the output.
    """

    def __init__(self, out: object, source: Source, earlier: Earlier) -> None:
        self._out = out
        self._rows = source.shape[0]
        self._chunk_rows = choose_chunk_rows(source) if _has_chunks(out) else 1
        self._journal = earlier.journal
        self._resume = earlier.shape is not None
        self.output: Output | None = None
        shape, dtype = getattr(out, "shape", earlier.shape), getattr(out, "dtype", earlier.dtype)
        if isinstance(shape, tuple) and shape and isinstance(dtype, np.dtype):
            self._open((self._rows, *shape[1:]), dtype)

    @property
    def unit(self) -> int:
        """Rows of which a block has to be a multiple."""
        return self._chunk_rows if self.output is None else self.output.storage_rows

    @property
    def partial_nbytes(self) -> int:
        """Bytes of a partial result that waits: there is none."""
        return 0

    def put(self, start: int, stop: int, result: Any) -> None:
        """Write a block, and note that it is there.

        Raises
        ------
        ScalingError
            If the function returned another number of rows, shape or dtype than for the first block.
        """
        rows = stop - start
        if not isinstance(result, np.ndarray) or not result.ndim or len(result) != rows:
            raise ScalingError(
                f"the function returned {describe(result)} for {rows:,} rows; return an array of as many rows, or pass "
                "reduce= for partial results"
            )
        output = self.output or self._open((self._rows, *result.shape[1:]), result.dtype)
        if result.shape[1:] != output.shape[1:]:
            raise ScalingError(
                f"the function returned {describe(result)} for rows {start:,} to {stop:,}, but each row of the output "
                f"has shape {list(output.shape[1:])}"
            )
        output.write(start, result)
        output.flush()
        self.note(start, stop)

    def note(self, start: int, stop: int) -> None:
        """Note that rows are in the output."""
        if self._journal is not None:
            self._journal.add(start, stop)

    @property
    def is_file(self) -> bool:
        """Whether the output is a path, which other processes can open."""
        return isinstance(self._out, str | os.PathLike)

    def finish(self) -> Any:
        """Close the output and return what the user gets."""
        if self.output is None:
            return None
        self.output.close()
        if self._journal is not None:
            self._journal.end()
        return self.output.target

    def abandon(self) -> None:
        """Close the output after an error; what was written stays."""
        if self.output is not None:
            self.output.close()

    def _open(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Output:
        self.output = open_output(self._out, shape=shape, dtype=dtype, rows=self._chunk_rows, resume=self._resume)
        if self._journal is not None and not self._resume:
            self._journal.note_output(shape, dtype.str)
        return self.output


def choose_chunk_rows(source: Source) -> int:
    """Return the rows of a chunk of a new output.

    Some 2 MiB of the source and a divisor of its chunks; at most one part in 64 of all rows, so that blocks can differ.
    """
    rows = int(min(_CHUNK_NBYTES / max(row_nbytes(source), 1), source.shape[0] / _MOST_CHUNKS_EACH))
    stored = source.storage_rows
    if stored <= 1:
        return max(rows, 1)
    return next(part for part in range(max(min(rows, stored), 1), 0, -1) if stored % part == 0)


def _has_chunks(out: object) -> bool:
    """Tell whether an output that does not exist yet will be stored in chunks."""
    return isinstance(out, str | os.PathLike) and os.fsdecode(out).rstrip("/").endswith(".zarr")


class Combined:
    """Combines results by an associative function.

    Parameters
    ----------
    combine : callable
        Takes two results of neighbouring rows.
    """

    def __init__(self, combine: Callable[[Any, Any], Any]) -> None:
        self._reduction = Reduction(combine)
        self._partial_nbytes = 0

    @property
    def unit(self) -> int:
        """Rows of which a block has to be a multiple: any number will do."""
        return 1

    @property
    def partial_nbytes(self) -> int:
        """Bytes of the largest partial result."""
        return self._partial_nbytes

    def put(self, start: int, stop: int, result: Any) -> None:
        """Combine a result with those of neighbouring rows."""
        self._partial_nbytes = max(self._partial_nbytes, result_nbytes(result))
        self._reduction.add(start, stop, result)

    def finish(self) -> Any:
        """Return the result of all rows."""
        return self._reduction.result()

    def abandon(self) -> None:
        """Do nothing: nothing is open."""
