"""Hand a function to Cubed with what it was measured to need, so that Cubed refuses a plan that does not fit."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ndmem.errors import ScalingError
from ndmem.platform.resident.anonymous import HighWater, anonymous_nbytes
from ndmem.scaling.amplification import Amplification, measure_function
from ndmem.scaling.libraries import library_for
from ndmem.scaling.samples import Samples, row_nbytes
from ndmem.scaling.sources.source import Source

from .block_run import BlockRun
from .engines import Engine
from .plan import Plan, Room, choose_plan


@dataclass(frozen=True, slots=True)
class _Sliced:
    """A source as Cubed reads it: by a slice for each axis."""

    source: Source

    @property
    def shape(self) -> tuple[int, ...]:
        return self.source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.source.dtype

    @property
    def ndim(self) -> int:
        return len(self.source.shape)

    def __getitem__(self, key: tuple[slice, ...]) -> Any:
        start, stop, _ = key[0].indices(self.source.shape[0])
        return self.source.read(start, stop)[(slice(None), *key[1:])]


def run_on_cubed(function: Callable[..., Any], source: Source, out: object, budget: int) -> BlockRun:
    """Run a function over blocks with Cubed, one at a time.

    Cubed's own projection has twice the input and twice the output of a task. What the function was measured to need
    beyond one input and one output is given to it as ``extra_projected_mem``.

    Parameters
    ----------
    function : callable
        Takes rows and returns as many.
    source : Source
        Where rows are read.
    out : path
        A path that ends in ``.zarr``.
    budget : int
        Bytes of anonymous memory of the process.

    Raises
    ------
    ScalingError
        If a row does not fit, or Cubed refuses the plan.
    """
    began = time.perf_counter()
    with library_for("engine='cubed'"):
        cubed = importlib.import_module("cubed")
    if not isinstance(out, str | os.PathLike) or not os.fsdecode(out).endswith(".zarr"):
        raise ScalingError("engine='cubed' writes zarr arrays alone; give out= as a path that ends in .zarr")
    if os.path.lexists(out):
        raise ScalingError(f"{os.fsdecode(out)} exists; choose another path, or delete it")
    needed = measure_function(function, Samples((source,), (None,)))
    base = anonymous_nbytes() or 0
    row = function(source.read(0, 1))
    if not isinstance(row, np.ndarray) or row.shape[:1] != (1,):
        raise ScalingError("the function has to return an array of as many rows as it gets")
    moved = row_nbytes(source) + row.nbytes
    room = Room(budget, base, 1)
    plan = choose_plan(_add_copies(needed, moved), room, left=source.shape[0], unit=source.storage_rows)
    mark = HighWater.begin()
    _compute(cubed, function, source, row, os.fsdecode(out), plan=plan, budget=budget)
    peak = None if mark is None else mark.read()
    return BlockRun(out, budget, peak, plan, needed, (), 0, time.perf_counter() - began, Engine.CUBED)


def _add_copies(needed: Amplification, row_nbytes: float) -> Amplification:
    """Add one more input and output to each row: Cubed counts two of each, for reading and writing."""
    curves = {phase: replace(curve, for_row=curve.for_row + row_nbytes) for phase, curve in needed.curves.items()}
    return replace(needed, curves=curves)


def _compute(
    cubed: Any,
    function: Callable[..., Any],
    source: Source,
    row: np.ndarray[Any, Any],
    out: str,
    *,
    plan: Plan,
    budget: int,
) -> None:
    extra = max(plan.block_nbytes - 2 * int(plan.rows * (row_nbytes(source) + row.nbytes)), 0)
    # One task at a time: Cubed allows the memory to each task, and threads of one process would share it.
    spec = cubed.Spec(allowed_mem=budget, reserved_mem=plan.base_nbytes, executor_name="single-threaded")
    read = cubed.from_array(_Sliced(source), chunks=(plan.rows, *source.shape[1:]), asarray=False, spec=spec)
    try:
        found = cubed.map_blocks(
            function,
            read,
            dtype=row.dtype,
            chunks=(read.chunks[0], *((length,) for length in row.shape[1:])),
            extra_projected_mem=extra,
        )
        cubed.to_zarr(found, out)
    except ValueError as error:
        raise ScalingError(f"Cubed refuses the plan: {error}") from error
