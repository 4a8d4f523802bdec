"""Headroom: the limit or budget of a run, and how much of it stayed free at its highest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.analysis.index import fact

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.machine_limit import MachineLimit
    from ndmem.model.trace import Trace


@dataclass(frozen=True, slots=True)
class Headroom:
    """Limit or budget of a run, and how much of it stayed free.

    Attributes
    ----------
    nbytes : int
        Bytes allowed.
    left_nbytes : int
        Bytes of them that stayed free at the highest; 0 if the recorded use exceeds what was free.
    is_lower_bound : bool
        True if at least ``left_nbytes`` stayed free; False if less may have: the limit also counts memory that was
        not measured.
    limit : MachineLimit or None
        The limit that allowed it; ``None`` for the budget, which the user set.
    """

    nbytes: int
    left_nbytes: int
    is_lower_bound: bool
    limit: MachineLimit | None


@fact
def find_headroom(index: TraceIndex) -> Headroom | None:
    """Find the budget of a run, or the limit of its machine where there was no budget; ``None`` if neither is known."""
    trace = index.trace
    run, counted = trace.run, (trace.peak if trace.total is None else trace.total).nbytes
    if run.budget_nbytes is not None:
        # A budget also counts arrays that were allocated before tracking began; a whole program has none of them.
        return Headroom(run.budget_nbytes, max(run.budget_nbytes - counted, 0), bool(run.program), None)
    if run.limit is None:
        return None
    # RLIMIT_AS counts addresses, of which resident memory is only a part: RSS must not be subtracted.
    resident = _highest_resident(trace) if run.limit.source != "rlimit" else None
    used = counted if resident is None else resident
    return Headroom(run.limit.nbytes, max(run.limit.free_nbytes - used, 0), resident is not None, run.limit)


def _highest_resident(trace: Trace) -> int | None:
    # Control groups and batch systems count child processes too: the sum of all processes is used if it was sampled.
    together = None if trace.together is None else trace.together.nbytes
    return max((nbytes for nbytes in (trace.rss_peak_nbytes, together) if nbytes is not None), default=None)
