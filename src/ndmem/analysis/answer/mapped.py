"""Mapped files of a process: how much was mapped at most, by which line, and which arrays lie in it.

They are not part of the total peak: the system may take their pages back at any time, and processes share them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.analysis.domains import live_in
from ndmem.analysis.index import fact
from ndmem.analysis.live import LiveColumns, find_live
from ndmem.analysis.moment import Moment
from ndmem.model.columns import Domain

from .answer import Largest, find_largest

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex

WORTH_TELLING = 10
"""A report speaks of mapped files from this part of the total peak on; the number is its denominator."""

LEAST_NBYTES = 2**20
"""And if they have at least this."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """Files mapped at a moment.

    Attributes
    ----------
    nbytes : int
        Bytes of all mappings; a file that is mapped twice counts twice.
    files : tuple of str
        Paths of the files, the one with most bytes first, each once; without those that are unknown.
    largest : Largest or None
        The line that mapped most of it, and the arrays in that.
    """

    nbytes: int
    files: tuple[str, ...]
    largest: Largest | None


@fact
def find_mapped(index: TraceIndex) -> Mapped | None:
    """Find the files that were mapped when most was; ``None`` if none was."""
    columns = live_mapped(index)
    nbytes = int(columns.nbytes.sum())
    if not nbytes:
        return None
    names = (index.trace.origins.get(buffer, "") for buffer in columns.buffer.tolist())
    return Mapped(nbytes, tuple(dict.fromkeys(filter(None, names))), find_largest(index, columns))


def live_mapped(index: TraceIndex, moment: Moment = Moment.PEAK) -> LiveColumns:
    """Find the files mapped at the moment at which most was, or at the end."""
    live = live_in(index, Domain.MAPPED)
    # The last such moment: by then the arrays in a file have their names.
    highest = len(live) - int(live[::-1].argmax()) if len(live) else 0
    until = len(live) if moment is Moment.END else highest
    return find_live(index, until=until, domain=Domain.MAPPED)


@fact
def mapped_matters(index: TraceIndex) -> bool:
    """Tell whether a report speaks of mapped files."""
    found, total = find_mapped(index), index.trace.total
    if found is None or total is None or found.nbytes < LEAST_NBYTES:
        return False
    return found.nbytes * WORTH_TELLING >= total.nbytes
