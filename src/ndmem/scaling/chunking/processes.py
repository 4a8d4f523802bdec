"""The processes that chunks have to fit in: this one, equal ones on this machine, or workers of Dask."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ndmem.budgets.amount import read_budget
from ndmem.errors import OptionError, ScalingError
from ndmem.platform.limits.machine_limits import limits
from ndmem.platform.resident.anonymous import anonymous_nbytes
from ndmem.units import format_nbytes

# Dask's workers spill at 60 % of their limit, pause at 80 % and are restarted at 95 %.
_WORKER_SHARE: Final = 0.6


@dataclass(frozen=True, slots=True)
class Processes:
    """Equal processes, and what one of them may use.

    Attributes
    ----------
    count, threads : int
        How many, and the threads of each.
    budget_nbytes, base_nbytes : int
        Bytes of memory that one may have, and that it has without a chunk.
    limit : str
        What sets the budget.
    """

    count: int
    threads: int
    budget_nbytes: int
    base_nbytes: int
    limit: str


def find_processes(budget: int | str, workers: Any, threads: int | None) -> Processes:
    """Read the options of `ndmem.chunks` that say where chunks are worked on.

    Raises
    ------
    OptionError
        If `workers` or `threads` is not valid.
    ScalingError
        If a cluster has no workers, or they have no limit.
    UnitError, ProcessError
        If the budget is not valid, or depends on a limit that could not be determined.
    """
    if threads is not None and (type(threads) is not int or threads < 1):
        raise OptionError(f"threads={str(threads)[:40]} is not a number of threads; write 1 or more")
    if type(workers) is int:
        if workers < 1:
            raise OptionError(f"workers={workers} is not a number of processes; write 1 or more")
        return _on_this_machine(budget, workers, threads or 1)
    return _of_dask(budget, workers, threads)


def _on_this_machine(budget: int | str, count: int, threads: int) -> Processes:
    base = anonymous_nbytes() or 0
    if not _is_auto(budget):
        return Processes(count, threads, read_budget(budget), base, f"the budget of {_text(read_budget(budget))}")
    within = limits()
    free = read_budget(budget, within=within)
    # This process has its own memory already; others would have as much.
    nbytes = base + free if count == 1 else free // count
    share = "" if count == 1 else f", shared by {count} processes"
    name = within.binding.name if within.binding else "the machine's RAM"
    return Processes(count, threads, nbytes, base, f"what is free below {name}, less a reserve{share}: {_text(nbytes)}")


def _of_dask(budget: int | str, workers: Any, threads: int | None) -> Processes:
    found = _read_workers(workers)
    if not found:
        raise ScalingError("the cluster has no workers yet; write client.wait_for_workers(1) before")
    base = max(int((worker.get("metrics") or {}).get("memory", 0)) for worker in found)
    threads = threads or max(int(worker["nthreads"]) for worker in found)
    if not _is_auto(budget):
        nbytes = read_budget(budget)
        return Processes(len(found), threads, nbytes, base, f"the budget of {_text(nbytes)} for a worker")
    least = min((int(worker["memory_limit"]) for worker in found if worker["memory_limit"]), default=0)
    if not least:
        raise ScalingError("the workers have no memory limit; give budget=, the bytes that one worker may have")
    nbytes = int(least * _WORKER_SHARE)
    return Processes(
        len(found), threads, nbytes, base, f"60 % of the memory limit of a Dask worker, {_text(least)}: {_text(nbytes)}"
    )


def _read_workers(workers: Any) -> list[Mapping[str, Any]]:
    """Return what the scheduler knows of each worker, of a client or a cluster of Dask."""
    info = getattr(workers, "scheduler_info", None)
    if callable(info):
        info = info(n_workers=-1)  # without it, five of them
    if not isinstance(info, Mapping) or not isinstance(info.get("workers"), Mapping):
        kind = type(workers).__name__[:80]
        raise OptionError(f"workers is a {kind}; give a number of processes, or a client or a cluster of Dask")
    return list(info["workers"].values())


def _is_auto(budget: int | str) -> bool:
    return isinstance(budget, str) and budget.strip().lower() == "auto"


def _text(nbytes: int) -> str:
    return format_nbytes(nbytes)
