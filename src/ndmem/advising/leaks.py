"""Find what grows from call to call: the expressions whose arrays stay, and who holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ndmem.analysis.call_tree.frames import standing_nodes
from ndmem.analysis.held import holders_by_buffer
from ndmem.analysis.over_time.growth import is_growth
from ndmem.analysis.over_time.lifetimes import array_lifetimes
from ndmem.analysis.tables.expression import expression_text
from ndmem.analysis.tables.sources import source_files
from ndmem.model.leak import Leak

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.over_time.lifetimes import Lifetimes
    from ndmem.model.columns import Int64s
    from ndmem.model.holder import Holder


class Interval(Protocol):
    """One measured call, as numbers of events: see `ndmem.tracking.repeated_calls.Call`."""

    @property
    def start(self) -> int:
        """Events before it."""

    @property
    def end(self) -> int:
        """Events when it had returned."""

    @property
    def collected(self) -> int:
        """Events when the garbage collector had run after it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Stayed:
    """Buffers that stayed after their call, the number of that call, and the event at which their holders count."""

    buffers: Lifetimes
    call: Int64s
    until: int
    is_cycle: bool


def find_leaks(index: TraceIndex, calls: Sequence[Interval]) -> tuple[Leak, ...]:
    """Find the expressions that leave more arrays behind with each call.

    Parameters
    ----------
    index : TraceIndex
        The record of the calls.
    calls : sequence
        The calls, in order.

    Returns
    -------
    tuple of Leak
        The largest first. What was freed again by a later call, as a bounded cache or a replaced value does, is none:
        see `is_growth`. Arrays that only a cycle held until the collector ran are leaks of a kind of their own.
    """
    buffers = array_lifetimes(index)
    if buffers is None or not len(buffers):
        return ()
    starts = np.array([call.start for call in calls], np.int64)
    call = np.searchsorted(starts, buffers.born, side="right") - 1
    inside = (call >= 0) & (buffers.born < np.array([each.end for each in calls])[call])
    collected = np.array([(each.end, each.collected) for each in calls], np.int64)[call]
    freed_by_collector = inside & (buffers.died >= collected[:, 0]) & (buffers.died < collected[:, 1])
    kept, garbage = np.flatnonzero(inside & ~buffers.freed), np.flatnonzero(freed_by_collector)
    found = [
        leak
        for stayed in (
            _Stayed(buffers.at(kept), call[kept], len(index.trace.events), is_cycle=False),
            _Stayed(buffers.at(garbage), call[garbage], calls[-1].end, is_cycle=True),
        )
        for leak in _each_leak(index, stayed, len(calls))
    ]
    return tuple(sorted(found, key=lambda leak: -leak.nbytes))


def live_after(index: TraceIndex, calls: Sequence[Interval]) -> tuple[int, ...]:
    """Return the live bytes of arrays after each call, when the collector had run."""
    live = np.concatenate([[0], index.trace.events.live])
    return tuple(int(live[call.collected]) for call in calls)


def _each_leak(index: TraceIndex, stayed: _Stayed, calls: int) -> Iterator[Leak]:
    trace, sources = index.trace, source_files(index)
    site_of = trace.tree.site[standing_nodes(index)[stayed.buffers.node]]
    for number in np.unique(site_of).tolist():
        here = np.flatnonzero(site_of == number)
        by_call = np.bincount(stayed.call[here], stayed.buffers.nbytes[here], minlength=calls).astype(np.int64)
        if not is_growth(by_call > 0):
            continue
        site = trace.sites[number]
        yield Leak(
            site=site,
            expression=expression_text(sources, site),
            by_call=tuple(by_call.tolist()),
            count=len(here),
            holders=_name_holders(index, stayed.buffers.at(here), until=stayed.until),
            is_cycle=stayed.is_cycle,
        )


def _name_holders(index: TraceIndex, buffers: Lifetimes, *, until: int) -> tuple[str, ...]:
    """Return what leads to each buffer from a variable, as far as it was found, in order of birth."""
    held = holders_by_buffer(index, until)
    found = (held[buffer].holders for buffer in buffers.buffer.tolist() if buffer in held)
    return tuple(_path_from_module(holders[0]) for holders in found if holders)


def _path_from_module(holder: Holder) -> str:
    return holder.name if holder.function in {"", "__main__"} else f"{holder.function}.{holder.name}"
