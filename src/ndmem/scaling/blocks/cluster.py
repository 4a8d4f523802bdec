"""Run blocks on the workers of a Dask cluster; each worker process keeps the budget for itself."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import distributed

from ndmem.errors import ScalingError
from ndmem.platform.malloc import RUNNING, return_freed_memory
from ndmem.platform.resident.anonymous import HighWater, anonymous_nbytes
from ndmem.scaling.outputs.output import Output

from .job import Job
from .plan import Room
from .sinks import Rows

if TYPE_CHECKING:
    from ndmem.scaling.block import Block


@dataclass(slots=True)
class _Sent:
    """The sink of a block on a worker: it writes to the output, or keeps partial results for the client.

    Attributes
    ----------
    output : Output or None
        Where rows are written.
    unit : int
        Rows of which a block has to be a multiple.
    kept : list of (int, int, object)
        Partial results with their rows.
    """

    output: Output | None
    unit: int
    partial_nbytes: int = 0
    kept: list[tuple[int, int, Any]] = field(default_factory=list)

    def put(self, start: int, stop: int, result: Any) -> None:
        """Write a result, or keep it."""
        if self.output is None:
            self.kept.append((start, stop, result))
        else:
            self.output.write(start, result)
            self.output.flush()


@dataclass(frozen=True, slots=True)
class Cluster:
    """The workers of a cluster.

    Attributes
    ----------
    client : distributed.Client
        The client.
    """

    client: Any

    def check(self, job: Job) -> None:
        """Refuse sources and outputs that are in the memory of this process.

        Raises
        ------
        ScalingError
            If workers cannot read the source or write the output, or there are no workers.
        """
        if not self.client.scheduler_info()["workers"]:
            raise ScalingError("the cluster has no workers; wait for some, or leave client= away")
        if job.source.kind == "array":
            raise ScalingError(
                "the workers of a cluster cannot read an array of this process; give a path or zarr array"
            )
        if isinstance(job.sink, Rows) and not job.sink.is_file:
            raise ScalingError("the workers of a cluster write to files alone; give out= as a path")

    def room(self, room: Room) -> Room:
        """Return the room of a worker: the process that has most before any block, and the threads of the largest."""
        before = [nbytes or 0 for nbytes in self.client.run(_prepare).values()]
        threads = max(worker["nthreads"] for worker in self.client.scheduler_info()["workers"].values())
        return replace(room, base_nbytes=max([room.base_nbytes, *before]), threads=threads)

    def run(
        self, job: Job, ranges: Iterable[tuple[int, int]], tell: Callable[[list[Block]], None], *, budget: int
    ) -> int | None:
        """Run blocks on the workers, and return the highest peak of any of them."""
        sink = job.sink
        output = sink.output if isinstance(sink, Rows) else None
        sent = replace(job, sink=_Sent(None, sink.unit))  # journals and locks stay here
        self.client.run(HighWater.begin)
        futures = [
            self.client.submit(_run_block, sent, output, sink.unit, start, stop, budget, pure=False)
            for start, stop in ranges
        ]
        try:
            done: Any = distributed.as_completed  # it has no types
            for future, (blocks, kept) in done(futures, with_results=True):
                tell(blocks)
                for start, stop, result in kept:
                    sink.put(start, stop, result)
                if isinstance(sink, Rows):
                    sink.note(blocks[0].start, blocks[-1].stop)
                future.release()
        finally:
            self.client.cancel(futures)
        peaks = [peak for peak in self.client.run(_read_peak).values() if peak]
        return max(peaks, default=None)


def open_cluster(client: object) -> Cluster:
    """Return the cluster of a client.

    Raises
    ------
    ScalingError
        If it is something else, or an asynchronous client.
    """
    if not isinstance(client, distributed.Client) or client.asynchronous:
        raise ScalingError(
            f"client= is {type(client).__name__[:80]}; give a distributed.Client that is not asynchronous"
        )
    return Cluster(client)


def _prepare() -> int | None:
    return_freed_memory(RUNNING)
    return anonymous_nbytes()


def _read_peak() -> int | None:
    before = anonymous_nbytes()
    return None if before is None else HighWater(before).read()


def _run_block(
    job: Job, output: Output | None, unit: int, start: int, stop: int, budget: int
) -> tuple[list[Block], list[tuple[int, int, Any]]]:
    sink = _Sent(output, unit)
    try:
        blocks = replace(job, sink=sink).run(start, stop, budget=budget)
    except Exception as error:
        _let_go_of_blocks(error)
        raise
    return blocks, sink.kept


def _let_go_of_blocks(error: BaseException) -> None:
    """Clear the variables of an error's frames: a worker keeps the error until the scheduler has forgotten the task."""
    seen: set[int] = set()
    errors = [error]
    while errors:
        each = errors.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        traceback.clear_frames(each.__traceback__)
        errors += [other for other in (each.__cause__, each.__context__) if other is not None]
