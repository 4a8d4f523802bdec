"""The four numbers of objects taken together.

The owned bytes are found by trial deletion, as CPython's cycle collector finds garbage: for each reached object,
subtract the references from within from its reference count. An object with a remainder is held from outside, and so is
everything that it reaches. The rest is freed with the roots. No scan of the heap is needed.
"""

from ndmem.model.memory.weight import Numbers

from .walk import Survey


def numbers_of(survey: Survey, nodes: tuple[int, ...] | bytes) -> Numbers:
    """Return the numbers of nodes taken together, as if all of them were deleted.

    Parameters
    ----------
    survey : Survey
        The walk that found them.
    nodes : tuple of int, or bytes
        Nodes, also as packed unsigned 32-bit integers.
    """
    # Numbers(...) with its names takes three times as long.
    numbers = tuple.__new__(Numbers, survey.graph.measure(nodes))
    return numbers if survey.resident else numbers._replace(resident=None)
