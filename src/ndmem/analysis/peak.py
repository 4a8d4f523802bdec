"""Where the peaks were made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Domain, Kind

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s
    from ndmem.model.trace import Peak, Trace


def find_peak_node(trace: Trace) -> int:
    """Return the node that a person would call the place of the peak of arrays.

    That is where the buffer was born that raised live bytes to the peak. Often that buffer is an 8-byte scalar
    which came on top of the array that matters: if the buffers below the threshold added less than 1 % to what
    the large ones had reached, it is the place of the last large one.

    Returns
    -------
    int
        Node of the call tree; -1 if no buffer was ever born.
    """
    events, until = trace.events, trace.peak.events
    born = (events.kind[:until] == Kind.BORN) & (events.domain[:until] == Domain.ARRAY)
    return _place(trace, trace.peak, np.where(born, events.live[:until], -1))


def find_total_node(trace: Trace) -> int:
    """Return the same for the peak of arrays and native blocks together.

    Returns
    -------
    int
        Node of the call tree; -1 if nothing was ever born, and where native memory was not watched.
    """
    if trace.total is None:
        return -1
    events, until = trace.events, trace.total.events
    live = events.live[:until] + trace.native_live()[:until]
    return _place(trace, trace.total, np.where(events.kind[:until] == Kind.BORN, live, -1))


def _place(trace: Trace, peak: Peak, reached: Int64s) -> int:
    """Return the node of the event that reached most, if what came on top of it is little; else the peak's own."""
    if not len(reached) or 100 * int(reached.max()) < 99 * peak.nbytes:
        return peak.stack
    return int(trace.events.stack[reached.argmax()])
