"""Where the peak was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Kind

if TYPE_CHECKING:
    from ndmem.model.trace import Trace


def find_peak_node(trace: Trace) -> int:
    """Return the node that a person would call the place of the peak.

    That is where the buffer was born that raised live bytes to the peak. Often that buffer is an 8-byte scalar
    which came on top of the array that matters: if the buffers below the threshold added less than 1 % to what
    the large ones had reached, it is the place of the last large one.

    Returns
    -------
    int
        Node of the call tree; -1 if no buffer was ever born.
    """
    until = trace.peak.events
    reached = np.where(trace.events.kind[:until] == Kind.BORN, trace.events.live[:until], -1)
    if not until or 100 * int(reached.max()) < 99 * trace.peak.nbytes:
        return trace.peak.stack
    return int(trace.events.stack[reached.argmax()])
