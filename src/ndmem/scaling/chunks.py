"""`ndmem.chunks`: the chunks of an array that keep a program within its memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ndmem.errors import OptionError
from ndmem.units import format_nbytes

from .amplification import amplification
from .blocks.plan import Room, choose_plan
from .chunking.code import write_code
from .chunking.processes import Processes, find_processes
from .chunking.shape import Shape, choose_shape
from .samples import open_sample

if TYPE_CHECKING:
    from .sources.source import Source


@dataclass(frozen=True, slots=True)
class Chunks:
    """Chunks of an array; `ndmem.chunks` returns it. Printing it shows the code to paste.

    Attributes
    ----------
    shape : tuple of int
        Lengths of one chunk.
    count : int
        Chunks of the whole array.
    chunk_nbytes : int
        Bytes of the values of one chunk.
    pass_nbytes : int
        Bytes that the work on one chunk needs at its peak: the chunk, work memory, and output.
    base_nbytes : int
        Bytes that the process has without a chunk.
    budget_nbytes : int
        Bytes that one process may have.
    threads, workers : int
        Chunks that a process works on at a time, and processes.
    limited_by : str
        What keeps the chunks from being larger.
    code : tuple of str
        Lines to paste.
    notes : tuple of str
        What a user has to know to trust the figures.
    """

    shape: tuple[int, ...]
    count: int
    chunk_nbytes: int
    pass_nbytes: int
    base_nbytes: int
    budget_nbytes: int
    threads: int
    workers: int
    limited_by: str
    code: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows of one chunk."""
        return self.shape[0]

    @property
    def peak(self) -> int:
        """The predicted peak of one process, in bytes of anonymous memory."""
        return self.base_nbytes + self.threads * self.pass_nbytes

    def __str__(self) -> str:
        several = f" in each of {self.workers} processes" if self.workers > 1 else ""
        threads = f"{self.threads} threads x " if self.threads > 1 else ""
        lines = [
            f"chunks of shape {self.shape}, {format_nbytes(self.chunk_nbytes)} each: {self.count:,} of them",
            f"predicted peak {format_nbytes(self.peak)}{several}: {format_nbytes(self.base_nbytes)} of the process + "
            f"{threads}{format_nbytes(self.pass_nbytes)} for a chunk",
            f"limited by {self.limited_by}",
            "",
            *(f"    {line}" for line in self.code),
        ]
        return "\n".join([*lines, *(["", *(f"note: {note}" for note in self.notes)] if self.notes else [])])

    def __repr__(self) -> str:
        return f"<ndmem.Chunks {self.shape}: peak {format_nbytes(self.peak)}; print it for the code>"


def chunks(
    array: object,
    *,
    budget: int | str = "auto",
    func: Callable[..., Any] | None = None,
    workers: Any = 1,
    threads: int | None = None,
) -> Chunks:
    """Choose the chunks of an array, so that the memory of each process stays within a budget.

    Parameters
    ----------
    array : array-like, path, ArraySpec or str
        An array of NumPy, Dask, xarray, zarr or h5py, a memory map, the path of a ``.npy`` file, a zarr folder or an
        HDF5 dataset (``"data.h5::/name"``), or a description of an array, ``"f8[1000000, 50]"``.
    budget : int or str
        Most anonymous memory of one process, with what it has already: bytes, ``"1 GiB"``, ``"50%"`` of the machine's
        limit, or ``"auto"``: nine tenths of what is free, and 60 % of the ``memory_limit`` of a Dask worker.
    func : callable, optional
        What is called with each chunk of whole rows; its memory is measured on small ones. Default: a plain pass,
        which reads a chunk and makes one output of its size.
    workers : int, Client or cluster
        Processes that share this machine; or a client or a cluster of Dask, whose workers are asked.
    threads : int, optional
        Chunks that each process works on at a time. Default: 1, and the threads of a Dask worker.

    Returns
    -------
    Chunks
        ``shape`` is that of a chunk, a multiple of the storage chunks; ``peak`` the predicted bytes of a process;
        ``limited_by`` what keeps it from being larger; ``code`` the lines to paste.

    Raises
    ------
    ScalingError
        If the budget is too small, with the least that would do; or if the array cannot be split into rows.
    UnitError, OptionError, ProcessError
        If the budget, or another option, is not valid; if the machine's limit is needed and unknown.

    Examples
    --------
    >>> found = chunks("f8[1000000, 50]", budget="8 GiB", threads=4)
    >>> found.shape, found.chunk_nbytes
    ((250000, 50), 100000000)
    """
    if func is not None and not callable(func):
        raise OptionError(f"func is a {type(func).__name__[:80]}, not a function; pass the function itself")
    processes = find_processes(budget, workers, threads)
    source = open_sample(array)
    try:
        return _choose(source, array, processes, func)
    finally:
        source.close()


def _choose(source: Source, array: object, processes: Processes, func: Callable[..., Any] | None) -> Chunks:
    shape, threads, notes = _plain(source, processes) if func is None else _measured(source, processes, func, array)
    return Chunks(
        shape.lengths,
        math.prod(-(-whole // max(1, part)) for whole, part in zip(source.shape, shape.lengths, strict=True)),
        math.prod(shape.lengths) * source.dtype.itemsize,
        shape.peak_nbytes,
        processes.base_nbytes,
        processes.budget_nbytes,
        threads,
        processes.count,
        processes.limit if shape.bound == "the budget" else f"{shape.bound} ({processes.limit})",
        write_code(source, array, shape.lengths, plain=func is None),
        notes,
    )


def _plain(source: Source, processes: Processes) -> tuple[Shape, int, tuple[str, ...]]:
    room = Room(processes.budget_nbytes, processes.base_nbytes, processes.threads)
    shape = choose_shape(source, room, processes.count * processes.threads)
    buffers = f" and {source.read_factor - 1:.3g} times its size for buffers" if source.read_factor > 1 else ""
    notes = [
        f"for a plain pass: a chunk{buffers}, and one output of its size; pass func= for what a function needs itself"
    ]
    if shape.split:
        axes = ", ".join(map(str, shape.split))
        notes.append(f"rows are split too, on axis {axes}: only for functions that need no whole rows")
    if source.kind == "dask":
        notes.append("what Dask needs to compute the chunks of the array is not counted")
    return shape, processes.threads, tuple(notes)


def _measured(
    source: Source, processes: Processes, func: Callable[..., Any], array: object
) -> tuple[Shape, int, tuple[str, ...]]:
    needed = amplification(func, array)
    room = Room(processes.budget_nbytes, processes.base_nbytes, processes.threads)
    left = math.ceil(source.shape[0] / processes.count)
    plan = choose_plan(needed, room, left=left, unit=source.storage_rows)
    shape = Shape((plan.rows, *source.shape[1:]), plan.block_nbytes, plan.bound)
    return shape, plan.threads, needed.notes
