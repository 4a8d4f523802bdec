"""`ndmem.map_blocks`: run a function over a source in blocks that stay below a budget."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ndmem.budgets.amount import read_budget
from ndmem.errors import OptionError, ScalingError
from ndmem.platform.malloc import MEASURED, RUNNING, freed_memory_returned
from ndmem.platform.processors import count_processors
from ndmem.platform.resident.anonymous import HighWater, anonymous_nbytes
from ndmem.scaling.kept_arrays import freed_arrays_kept
from ndmem.scaling.sources.source import Source, open_source
from ndmem.scaling.zarr_concurrency import limit_zarr_concurrency
from ndmem.units import format_nbytes

from .block_run import BlockRun
from .earlier import open_earlier
from .engines import Engine, load_cluster, load_cubed, load_threads, run_in_loop, run_on_threads
from .job import Job
from .log import Log
from .measure import measure_job, unit_of
from .plan import Plan, Room
from .progress import show_progress
from .rows_left import RowsLeft
from .sinks import Combined, Rows

if TYPE_CHECKING:
    from ndmem.scaling.block import Block

    from .cluster import Cluster


def map_blocks(
    func: Callable[..., Any],
    source: object,
    out: object = None,
    *,
    budget: int | str,
    engine: Engine | str = Engine.DASK,
    threads: int | None = None,
    client: object = None,
    depth: int = 0,
    reduce: Callable[[Any, Any], Any] | None = None,
    progress: bool | None = None,
) -> BlockRun:
    """Run a function over a source in blocks, below a budget for the memory of the process.

    The first blocks are small and measure the function, which resets the process's ``VmHWM``; the others are as large
    as the budget allows. A block whose arrays would exceed its share is refused, and halved. Results are those of
    ``func`` on the whole, if a row of its result depends on the rows of its block alone. For local zarr files,
    ``async.concurrency`` is at most the processors over `threads`; where that is one, ``FusedCodecPipeline`` is used.

    Parameters
    ----------
    func : callable
        Takes an array of some rows, and returns one of as many rows; with `reduce`, anything.
    source : array-like or path
        A zarr, HDF5, dask or xarray array, a memory map, an array, or a path. Blocks are rows of axis 0.
    out : path, array-like or None
        A ``.zarr`` or ``.npy`` path, an array, or ``None`` for a new array, which counts in the budget. What a stopped
        run has left at a path is continued by the journal ``<path>.ndmem-blocks``; other files are refused.
    budget : int or str
        Most anonymous memory of the process, what is there already included: bytes, ``"1 GiB"``, ``"50%"`` of the
        machine's limit, or ``"auto"``.
    engine : Engine or {"dask", "loop", "cubed"}
        Dask's threads, one block after the other, or Cubed, which gets the measured bytes as ``extra_projected_mem``.
    threads : int, optional
        Blocks at a time; by default one for each processor. Fewer run where a row needs much.
    client : distributed.Client, optional
        Run the blocks on the workers of this cluster, each of which keeps the budget for its own process.
    depth : int
        Rows that the function also gets on each side of a block; their results are left out.
    reduce : callable, optional
        Combines the results of two neighbouring ranges of rows into that of both. It has to be associative; the order
        of additions differs from the plain run, so compare floats with `numpy.allclose`.
    progress : bool, optional
        Whether to show a progress bar on stderr; by default if that is a terminal.

    Returns
    -------
    BlockRun
        ``result``: the path, the array or the reduced value. Printing it shows predicted and measured bytes.

    Raises
    ------
    ScalingError
        If one row does not fit; if source or output cannot be used; or if the function breaks its promise.
    """
    options = _read_options(
        func, out, engine=engine, threads=threads, client=client, depth=depth, reduce=reduce, progress=progress
    )
    return _open_and_run(options, source, read_budget(budget))


@dataclass(frozen=True, slots=True)
class _Options:
    function: Callable[..., Any]
    out: object
    engine: Engine
    threads: int
    cluster: Cluster | None
    depth: int
    reduce: Callable[[Any, Any], Any] | None
    progress: bool | None


def _open_and_run(options: _Options, source: object, budget: int) -> BlockRun:
    opened = open_source(source)
    try:
        if options.engine is Engine.CUBED:
            return load_cubed()(options.function, opened, options.out, budget)
        with _limit_reads(options, opened) as limited:
            return _run(options, limited, budget)
    finally:
        opened.close()


def _limit_reads(options: _Options, source: Source) -> AbstractContextManager[Source]:
    """Limit what zarr has in work; not on a cluster, whose workers have settings of their own."""
    if options.cluster is not None:
        return nullcontext(source)
    return limit_zarr_concurrency(source, options.out, threads=options.threads)


def _run(options: _Options, source: Source, budget: int) -> BlockRun:
    began = time.perf_counter()
    rows = source.shape[0]
    sink: Rows | Combined
    if options.reduce is not None:
        sink, left = Combined(options.reduce), RowsLeft(rows)
    else:
        earlier = open_earlier(options.out, source, options.function, options.depth)
        sink, left = Rows(options.out, source, earlier), RowsLeft(rows, earlier.done)
    skipped = rows - len(left)
    job = Job(options.function, source, sink, options.depth)
    try:
        with show_progress(rows, skipped, wanted=options.progress) as advance:
            log = Log(advance)
            with freed_memory_returned(MEASURED):
                room = Room(budget, anonymous_nbytes() or 0, options.threads)
                if options.cluster is not None:
                    options.cluster.check(job)
                    room = options.cluster.room(room)
                measured = measure_job(job, left, log, room)
            with freed_memory_returned(measured.plan.returned_from if measured.plan else RUNNING):
                peak = _run_planned(job, left, log, measured.plan, options)
        result = sink.finish()
    except MemoryError as error:
        sink.abandon()
        least = "a single row needs" if sink.unit == 1 else f"{sink.unit:,} rows, a chunk of the output, need"
        raise ScalingError(
            f"{least} more than the share that a block has of the budget of {format_nbytes(budget)} "
            f"({error.args[0] if error.args else 'MemoryError'}); finished blocks stay: allow more, or fewer threads"
        ) from error
    except BaseException:
        sink.abandon()
        raise
    seconds = time.perf_counter() - began
    return BlockRun(
        result, budget, peak, measured.plan, measured.needed, tuple(log.blocks), skipped, seconds, options.engine
    )


def _run_planned(job: Job, left: RowsLeft, log: Log, plan: Plan | None, options: _Options) -> int | None:
    """Run all rows that are left, and return the peak of anonymous memory."""
    if plan is None or not len(left):
        return None
    unit = unit_of(job)
    unit = unit if plan.rows >= unit else job.sink.unit
    ranges = list(left.take_all(plan.rows, unit, threads=plan.threads))
    if options.cluster is not None:
        return options.cluster.run(job, ranges, log.add, budget=plan.array_nbytes)
    mark = HighWater.begin()

    def run(start: int, stop: int) -> list[Block]:
        # zarr may have more threads than read at a time, and malloc keeps buffers for each.
        return job.run(start, stop, budget=plan.array_nbytes, trims=plan.returned_from > RUNNING)

    with freed_arrays_kept(plan.threads * plan.kept_nbytes, least_room=plan.returned_from):
        if options.engine is Engine.LOOP:
            run_in_loop(run, ranges, log.add)
        else:
            run_on_threads(run, ranges, log.add, threads=plan.threads)
    return None if mark is None else mark.read()


def _read_options(
    func: Callable[..., Any],
    out: object,
    *,
    engine: Engine | str,
    threads: int | None,
    client: object,
    depth: int,
    reduce: Callable[[Any, Any], Any] | None,
    progress: bool | None,
) -> _Options:
    for name, function in (("func", func), ("reduce", reduce)):
        if function is not None and not callable(function):
            raise OptionError(f"{name} is a {type(function).__name__}, not a function")
    try:
        chosen = Engine(engine)
    except ValueError:
        names = ", ".join(repr(one.value) for one in Engine)
        raise OptionError(f"engine={str(engine)[:40]!r} is not an engine; write one of {names}") from None
    if type(depth) is not int or depth < 0:
        raise OptionError(f"depth={str(depth)[:40]} is not a number of rows; write 0 or more")
    if threads is not None and (type(threads) is not int or threads < 1):
        raise OptionError(f"threads={str(threads)[:40]} is not a number of threads; write 1 or more")
    if reduce is not None and out is not None:
        raise OptionError("reduce= returns its value as the run's result; leave out= away")
    if chosen is Engine.CUBED and (reduce is not None or depth or threads is not None):
        raise OptionError("engine='cubed' runs one block at a time, without depth=, reduce= and threads=")
    if chosen is Engine.LOOP:
        threads = 1
    if client is not None and (chosen is not Engine.DASK or threads is not None):
        raise OptionError(
            "client= runs blocks with Dask on the threads of its workers; leave engine= and threads= away"
        )
    cluster = None if client is None else load_cluster()(client)
    if chosen is Engine.DASK and cluster is None:
        load_threads()
    return _Options(func, out, chosen, threads or count_processors(), cluster, depth, reduce, progress)
