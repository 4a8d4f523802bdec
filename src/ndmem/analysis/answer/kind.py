"""Kind of memory that a report begins with: the one of which a process had most."""

from __future__ import annotations

import enum

from ndmem.analysis.background import own_native_nbytes
from ndmem.analysis.index import TraceIndex, fact

from .mapped import find_mapped, mapped_matters
from .total import find_total


class Kind(enum.Enum):
    """Kind of memory that a headline is about.

    Attributes
    ----------
    ARRAYS
        Arrays that NumPy allocated.
    FOREIGN
        Arrays over memory that NumPy did not allocate.
    NATIVE
        Native blocks of the program's own lines in which no array was found.
    MAPPED
        Mapped files.
    """

    ARRAYS = "arrays"
    FOREIGN = "foreign"
    NATIVE = "native"
    MAPPED = "mapped"


@fact
def leading_kind(index: TraceIndex) -> Kind:
    """Return the kind of which a process had most: at the total peak, and for mapped files when most was mapped."""
    total, mapped = find_total(index), find_mapped(index)
    if total is None:
        return Kind.ARRAYS
    sizes = {
        Kind.ARRAYS: total.array_nbytes,
        Kind.FOREIGN: total.foreign_nbytes,
        Kind.NATIVE: own_native_nbytes(index),
    }
    leading = max(sizes, key=lambda kind: sizes[kind])  # of equal ones the first
    highest = max(sizes[leading], index.trace.peak.nbytes)
    return Kind.MAPPED if mapped is not None and mapped_matters(index) and mapped.nbytes > highest else leading
