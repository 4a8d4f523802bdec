"""Run the blocks of a plan: with Dask's threads, on the workers of a Dask cluster, or one after the other."""

from __future__ import annotations

import enum
import importlib
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ndmem.errors import MissingError

if TYPE_CHECKING:
    from ndmem.scaling.block import Block

    from .block_run import BlockRun
    from .cluster import Cluster

    Run = Callable[[int, int], list[Block]]
    Tell = Callable[[list[Block]], None]


class Engine(enum.Enum):
    """What runs the blocks."""

    DASK = "dask"
    LOOP = "loop"
    CUBED = "cubed"


def load_cubed() -> Callable[..., BlockRun]:
    """Return what runs a function with Cubed.

    Raises
    ------
    MissingError
        If Cubed is not installed.
    """
    run: Callable[..., BlockRun] = _load("ndmem.scaling.blocks.cubed_engine", "cubed").run_on_cubed
    return run


def load_cluster() -> Callable[[object], Cluster]:
    """Return what opens the cluster of a Dask client.

    Raises
    ------
    MissingError
        If distributed is not installed.
    """
    opens: Callable[[object], Cluster] = _load("ndmem.scaling.blocks.cluster", "dask").open_cluster
    return opens


def _load(module: str, library: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        how = "pip install 'ndmem[dask]'" if library == "dask" else f"pip install {library}"
        raise MissingError(
            f"engine={library!r} needs {library}, not installed here; write: {how}, or pass engine='loop'"
        ) from error


def load_threads() -> Callable[..., object]:
    """Return Dask's scheduler of threads: before memory is measured, since its import takes some 10 MiB.

    Raises
    ------
    MissingError
        If Dask is not installed.
    """
    get: Callable[..., object] = _load("dask.threaded", "dask").get
    return get


def run_in_loop(run: Run, ranges: Iterable[tuple[int, int]], tell: Tell) -> None:
    """Run one block after the other in this thread."""
    for start, stop in ranges:
        tell(run(start, stop))


def run_on_threads(run: Run, ranges: Sequence[tuple[int, int]], tell: Tell, *, threads: int) -> None:
    """Run blocks on threads of Dask, in order.

    Dask begins tasks in an order of its own, by the text of their names: the smaller last blocks came first, and the
    threads were at their peaks at different times for the rest of the run. So each task takes the next block.
    """
    get = load_threads()
    left, lock = iter(ranges), threading.Lock()

    def work(_: int) -> None:
        with lock:
            start, stop = next(left)
        tell(run(start, stop))

    # One task a block, which reads, computes and writes: between tasks Dask would keep what a block has read.
    graph = {("block", number): (work, number) for number in range(len(ranges))}
    with ThreadPoolExecutor(threads, "ndmem-block") as pool:  # Dask would keep a pool of its own
        get(graph, list(graph), pool=pool)
