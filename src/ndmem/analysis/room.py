"""What a run was allowed, and how much of that was left at its highest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.model.trace import Origin
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from ndmem.model.machine_limit import MachineLimit
    from ndmem.model.trace import Trace

_WHO = {
    "cgroup": "its control group allowed",
    "rlimit": "its process was allowed",
    "batch system": "its job was given",
    "RAM": "the machine had",
}


@dataclass(frozen=True, slots=True)
class Room:
    """An upper bound of a run's memory, and what was left below it.

    Attributes
    ----------
    nbytes : int
        Bytes allowed.
    left_nbytes : int
        Bytes of them that were left at the highest; 0 where more was used than could be.
    is_exact : bool
        Whether no less was left: what a limit counts beside arrays is not always known.
    limit : MachineLimit or None
        Who allowed it; ``None`` for the budget, which the user set.
    """

    nbytes: int
    left_nbytes: int
    is_exact: bool
    limit: MachineLimit | None


def find_room(trace: Trace) -> Room | None:
    """Find the budget of a run, or the limit of its machine where there was no budget.

    Parameters
    ----------
    trace : Trace
        The run.

    Returns
    -------
    Room or None
        ``None`` where neither is known.
    """
    run, counted = trace.run, (trace.peak if trace.total is None else trace.total).nbytes
    if run.budget_nbytes is not None:
        # A budget counts what was there before tracking, too; of a whole program that is nothing.
        return Room(run.budget_nbytes, max(run.budget_nbytes - counted, 0), bool(run.program), None)
    if run.limit is None:
        return None
    resident = _highest_resident(trace) if run.limit.source != "rlimit" else None
    used = counted if resident is None else resident
    return Room(run.limit.nbytes, max(run.limit.free_nbytes - used, 0), resident is not None, run.limit)


def _highest_resident(trace: Trace) -> int | None:
    """Return the most that the run had in RAM, with its children; ``None`` where it is not known."""
    together = None if trace.together is None else trace.together.nbytes
    return max((nbytes for nbytes in (trace.rss_peak_nbytes, together) if nbytes is not None), default=None)


def room_sentence(trace: Trace) -> str | None:
    """Say what a run was allowed and what was left.

    Returns
    -------
    str or None
        Such as ``Of the 16 GiB that its control group allowed, 2.1 GiB was left``; ``None`` where nothing is known.
    """
    room = find_room(trace)
    if room is None:
        return None
    would_be = "would be" if trace.origin is Origin.PREDICTED else "was"
    left = "nothing" if not room.left_nbytes else format_nbytes(room.left_nbytes)
    most = "" if room.is_exact or not room.left_nbytes else "at most "
    return f"Of {describe_allowance(room)}, {most}{left} {would_be} left"


def describe_allowance(room: Room) -> str:
    """Name the budget, or the limit and who set it."""
    nbytes = format_nbytes(room.nbytes)
    if room.limit is None:
        return f"the budget of {nbytes}"
    return f"the {nbytes} that {_WHO.get(room.limit.source, 'was allowed')}"
