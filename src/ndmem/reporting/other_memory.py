"""Tables of arrays in memory that NumPy did not allocate, which text and page have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.answer.mapped import live_mapped, mapped_matters
from ndmem.analysis.answer.total import find_total, live_foreign
from ndmem.analysis.moment import Moment

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.live import LiveColumns

_WORTH_SHOWING = 100
"""Such arrays have a table from this part of the total on; the number is its denominator."""


def list_other_memory(index: TraceIndex, moment: Moment = Moment.PEAK) -> list[tuple[str, str, LiveColumns]]:
    """Return name, title and buffers of each table that is worth showing: foreign memory, then mapped files."""
    at_peak = moment is Moment.PEAK
    found, total = [], find_total(index, moment)
    if total is not None and total.foreign_nbytes * _WORTH_SHOWING >= max(total.nbytes, 1):
        when = "at the total peak" if at_peak else "at the end"
        title = f"Arrays over memory that NumPy did not allocate, {when}"
        found.append((f"foreign-{moment.value}", title, live_foreign(index, moment)))
    mapped = live_mapped(index, moment)
    if mapped_matters(index) and len(mapped.buffer):
        title = f"Mapped files, {'when most was mapped' if at_peak else 'at the end'}"
        found.append((f"mapped-{moment.value}", title, mapped))
    return found
