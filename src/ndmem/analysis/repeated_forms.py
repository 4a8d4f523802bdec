"""Shape and dtype of arrays that no search saw, from those of the same place that one saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Domain, Kind
from ndmem.model.holder import ArrayForm

from .index import fact

if TYPE_CHECKING:
    from ndmem.model.trace import Trace

    from .index import TraceIndex


@fact
def forms_by_place(index: TraceIndex) -> dict[tuple[int, int, int], ArrayForm]:
    """Return the shape and dtype that all arrays of a place and a number of bytes had, as far as they were seen.

    A program that draws, trains or steps repeatedly reaches its peak again and again, a few bytes higher. The tracker
    searches again only if the peak has grown by 1 %, so the arrays of a later repetition may be unseen, where those of
    an earlier one were seen.

    Returns
    -------
    dict of tuple of (int, int, int) to ArrayForm
        By the numbers of the site that allocated the array and of its caller, see `place_of`, and by bytes. Left out
        where arrays of different shape or dtype were seen.
    """
    trace = index.trace
    born = (trace.events.kind == Kind.BORN) & (trace.events.domain == Domain.ARRAY)
    number, node, nbytes = trace.events.buffer[born], trace.events.stack[born], trace.events.nbytes[born]
    order = np.argsort(number)
    found: dict[tuple[int, int, int], ArrayForm | None] = {}
    seen = _forms_seen(trace)
    for buffer, form in seen.items():
        place = int(np.searchsorted(number, buffer, sorter=order))
        if place == len(order) or number[order[place]] != buffer:
            continue
        key = (*place_of(index, int(node[order[place]])), int(nbytes[order[place]]))
        found[key] = form if found.get(key, form) == form else None
    return {key: form for key, form in found.items() if form is not None}


def place_of(index: TraceIndex, node: int) -> tuple[int, int]:
    """Return the numbers of a node's site and of the site that called it.

    The frames further out may differ: matplotlib draws a figure twice, by two ways through its own code.
    """
    tree = index.trace.tree
    return int(tree.site[node]), int(tree.site[tree.parent[node]])


def _forms_seen(trace: Trace) -> dict[int, ArrayForm]:
    """Return what is known of each buffer itself. A view may be a part of it, so only owners count."""
    owners = {
        holder.buffer: ArrayForm(holder.shape, holder.dtype)
        for holder in trace.holders
        if holder.name and not holder.is_view
    }
    return {**owners, **trace.forms}
