"""The four numbers of objects taken together.

What would be freed is found by trial deletion, as CPython's cycle collector finds garbage: of every object
that
is reached, take its reference count less the references from within. Who has any left is held from
outside, and
so is all that it reaches. The rest goes with the roots. It needs no scan of the heap.
"""

from __future__ import annotations

from ndmem.model.weight import Numbers

from .walk import Survey


def numbers_of(survey: Survey, nodes: tuple[int, ...] | bytes) -> Numbers:
    """Return the numbers of nodes taken together, as if they were all there is to delete.

    Parameters
    ----------
    survey : Survey
        Where they were met.
    nodes : tuple of int, or bytes
        Nodes, or the same as packed unsigned 32-bit integers.
    """
    # Numbers(...) with its names takes three times as long.
    numbers = tuple.__new__(Numbers, survey.graph.measure(nodes))
    return numbers if survey.resident else numbers._replace(resident=None)
