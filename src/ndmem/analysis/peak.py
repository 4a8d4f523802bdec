"""Places in the call tree at which the peaks were reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.answer.phase import below_user_code
from ndmem.model.columns import Domain, Kind

from .domains import live_in, native_live
from .index import fact
from .origin import OPENBLAS, name_origin

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s
    from ndmem.model.trace import Peak

    from .index import TraceIndex


@fact
def find_peak_node(index: TraceIndex) -> int:
    """Return the node of the call tree to name as the place of the peak of arrays.

    The buffer that raised live bytes to the peak was allocated there. Often that buffer is an 8-byte scalar on top of
    the array that matters: if the buffers below the threshold added less than 1 % to what the large ones had
    reached, the place is that of the last large one. In the same way a line of the user's is preferred to what the
    interpreter does beside it, such as the imports for a traceback.

    Returns
    -------
    int
        Node of the call tree; -1 if no buffer was allocated.
    """
    trace = index.trace
    events, until = trace.events, trace.peak.events
    born = (events.kind[:until] == Kind.BORN) & (events.domain[:until] == Domain.ARRAY)
    return _pick_node(index, trace.peak, np.where(born, events.live[:until], -1))


@fact
def find_total_node(index: TraceIndex) -> int:
    """Return the node to name as the place of the peak of arrays and native blocks together.

    Returns
    -------
    int
        Node of the call tree; -1 if nothing was allocated, or native memory was not tracked.
    """
    trace = index.trace
    if trace.total is None:
        return -1
    events, until = trace.events, trace.total.events
    live = (events.live + native_live(index) + live_in(index, Domain.FOREIGN))[:until]
    # A buffer of OpenBLAS is named after the import that mapped it, and grows while other code computes.
    grown = [buffer for buffer, library in trace.origins.items() if name_origin(library) == OPENBLAS]
    born = (events.kind[:until] == Kind.BORN) & (events.domain[:until] != Domain.MAPPED)
    born &= ~np.isin(events.buffer[:until], np.array(grown, np.int64))
    node = _pick_node(index, trace.total, np.where(born, live, -1))
    if node != trace.total.stack or not grown or not born.any() or events.buffer[until - 1] not in grown:
        return node
    return int(events.stack[:until][np.flatnonzero(born)[-1]])


def _pick_node(index: TraceIndex, peak: Peak, reached: Int64s) -> int:
    """Return the node of the highest event within 1 % of the peak: one of the user's code, if there is any."""
    stack = index.trace.events.stack[: len(reached)]
    for found in (np.where(below_user_code(index)[stack], reached, -1), reached):
        if len(found) and 100 * int(found.max()) >= 99 * peak.nbytes:
            return int(stack[found.argmax()])
    return peak.stack
