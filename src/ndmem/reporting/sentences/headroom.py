"""Headroom of a run in one sentence: its limit or budget, and how much of it stayed free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.answer.headroom import find_headroom
from ndmem.model.trace import Origin
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from ndmem.analysis.answer.headroom import Headroom
    from ndmem.analysis.index import TraceIndex

_NAMES = {
    "cgroup": "Control group limit",
    "rlimit": "Process limit",
    "batch system": "Job limit",
    "RAM": "Machine limit",
}


def headroom_sentence(index: TraceIndex) -> str | None:
    """Write the limit or budget of a run, and how much of it stayed free.

    Returns
    -------
    str or None
        Such as ``Control group limit 16 GiB; at least 2.1 GiB stayed free``; ``None`` if neither is known.
    """
    headroom = find_headroom(index)
    if headroom is None:
        return None
    stayed = "would stay" if index.trace.origin is Origin.PREDICTED else "stayed"
    bound = "at least" if headroom.is_lower_bound else "at most"
    left = f"{bound} {format_nbytes(headroom.left_nbytes)}" if headroom.left_nbytes else "nothing"
    return f"{_describe_bound(headroom)}; {left} {stayed} free"


def _describe_bound(headroom: Headroom) -> str:
    name = "Budget" if headroom.limit is None else _NAMES.get(headroom.limit.source, "Limit")
    return f"{name} {format_nbytes(headroom.nbytes)}"
