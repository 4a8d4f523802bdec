"""Holders of the buffers at a moment, from what the searches for them found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.model.holder import GARBAGE

from .index import fact

if TYPE_CHECKING:
    from ndmem.model.holder import Holder

    from .index import TraceIndex


@dataclass(frozen=True, slots=True)
class Held:
    """The holders of a buffer at a moment; if it has none, the last ones before in `former`. Owners before views."""

    holders: tuple[Holder, ...] = ()
    former: tuple[Holder, ...] = ()


NEVER_HELD = Held()
"""That of a buffer for which no search ever found a holder."""


@fact
def holders_by_buffer(index: TraceIndex, until: int) -> dict[int, Held]:
    """Return the holders of each buffer at a moment.

    The tracker searches for the holders of a buffer several times, and each search replaces the results of the one
    before. The last search up to the moment counts, or the first one after it.
    """
    searches: dict[int, dict[int, list[Holder]]] = {}
    for holder in index.trace.holders:
        if holder.function == GARBAGE and holder.events > until:
            continue  # what is garbage later was not so before
        searches.setdefault(holder.buffer, {}).setdefault(holder.events, []).append(holder)
    found = {}
    for buffer, by_events in searches.items():
        chosen = max((events for events in by_events if events <= until), default=min(by_events))
        holders: tuple[Holder, ...] = ()
        former: tuple[Holder, ...] = ()
        for events in sorted(events for events in by_events if events <= chosen):
            found_here, lost = _settle(by_events[events])
            former, holders = lost or holders or former, found_here
        if holders or former:  # else it was garbage after the moment, and was lost then
            found[buffer] = Held(holders, () if holders else former)
    return found


def _settle(search: list[Holder]) -> tuple[tuple[Holder, ...], tuple[Holder, ...]]:
    """Return the holders after a search, and those that it lost; each owners first."""
    named: list[Holder] = []
    lost: list[Holder] = []
    for holder in search:
        # A holder without a name is a search that found none: those before it no longer hold the buffer.
        named, lost = ([*named, holder], lost) if holder.name else ([], named or lost)
    return tuple(sorted(named, key=_is_view)), tuple(sorted(lost, key=_is_view))


def _is_view(holder: Holder) -> bool:
    return holder.is_view
