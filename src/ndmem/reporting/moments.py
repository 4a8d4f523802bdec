"""Titles of the moments that tables show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.moment import Moment, events_until, nbytes_at
from ndmem.model.ending import Ending

if TYPE_CHECKING:
    from ndmem.model.trace import Trace

_LAST: dict[Ending | None, str] = {Ending.SIGNAL: "when it was killed", Ending.RUNNING: "alive now"}


def ends_at(trace: Trace, moment: Moment) -> bool:
    """Tell whether the run has no events after a moment."""
    same_events = events_until(trace, moment) == len(trace.events)
    return same_events and nbytes_at(trace, moment) == trace.live_nbytes


def title_moment(trace: Trace, moment: Moment) -> str:
    """Write a moment as the last words of a title; the end of a killed program is the moment it was killed."""
    if not trace.run.is_cut:
        is_detached = moment is Moment.END and trace.run.ending is Ending.DETACHED
        return "when the recording ended" if is_detached else f"at the {moment.value}"
    last = _LAST.get(trace.run.ending, "at the last event")
    if moment is Moment.END:
        return last
    return f"at the peak, {last}" if ends_at(trace, moment) else "at the peak"
