"""The Weight of objects: what `ndmem.weigh` computes."""

import numpy as np

from ndmem.errors import WeighError
from ndmem.model.memory.weight import BufferShare, Numbers, Part, Weight
from ndmem.model.trace import Domain

from .buffers import ADDRESS, DOMAIN, NBYTES, NODE, RESIDENT
from .naming import Children, children, describe
from .ownership import numbers_of
from .parts import parts_of
from .walk import Survey, survey

_MOST_BUFFERS = 10
_DOMAINS = {int(domain): domain for domain in Domain}


def weigh_objects(
    *objects: object, depth: int = 2, resident: bool = True, stop_at: type | tuple[type, ...] = ()
) -> Weight:
    """Weigh objects: see `ndmem.weigh`, which returns the same numbers and prints them."""
    stops = stop_at if isinstance(stop_at, tuple) else (stop_at,)
    if not objects:
        raise WeighError("nothing to weigh: give one object or more")
    if type(depth) is not int or depth < 0:
        raise WeighError(f"depth={str(depth)[:40]} is not a number of levels; write 0 or more")
    if stops and not all(isinstance(stop, type) for stop in stops):
        raise WeighError("stop_at holds something that is not a type; give a type or a tuple of types")
    found = survey(objects, resident=resident, stop_at=stops)
    try:
        return _weight(objects, found, depth)
    finally:
        # The objects may include this function's frame: it and the graph would hold each other.
        found.graph.clear()


def _weight(objects: tuple[object, ...], found: Survey, depth: int) -> Weight:
    numbers = numbers_of(found, found.roots)
    kind = describe(objects[0]) if len(objects) == 1 else f"{len(objects)} objects together"
    if depth == 0:
        return Weight(kind, numbers, notes=found.notes)
    base = objects[0].base if len(found.graph) == 2 and type(objects[0]) is np.ndarray else None
    if type(base) is np.ndarray:
        return _of_view(kind, numbers, found, base)
    named = children(objects[0]) if len(objects) == 1 else Children(objects, range(len(objects)), "#{}".format)
    if len(found.graph) == 1 and not named.objects:
        return Weight(kind, numbers, notes=found.notes)
    n_buffers, top = found.graph.largest(_MOST_BUFFERS)
    parent = found.roots[0] if len(objects) == 1 else -1
    parts, users = parts_of(found, named, parent=parent, depth=depth, marked=tuple([row[NODE] for row in top]))
    buffers = tuple([_share(found, row, used_by) for row, used_by in zip(top, users, strict=True)])
    return Weight(kind, numbers, parts, buffers, n_buffers, found.notes)


def _of_view(kind: str, numbers: Numbers, found: Survey, base: object) -> Weight:
    """Weigh the view of an array: the only buffer is that of its only part."""
    words, nbytes = describe(base), numbers.reachable - numbers.python
    parts = (Part(".base", words, 1, numbers_of(found, (1,))),)
    if nbytes == 0:
        return Weight(kind, numbers, parts, notes=found.notes)
    buffer = BufferShare(nbytes, Domain.ARRAY, numbers.resident, words, (".base",))
    return Weight(kind, numbers, parts, (buffer,), 1, found.notes)


def _share(found: Survey, row: tuple[int, int, int, int, int], used_by: tuple[str, ...]) -> BufferShare:
    holder = found.graph.object_of(row[NODE])
    return BufferShare(
        nbytes=row[NBYTES],
        domain=_DOMAINS[row[DOMAIN]],
        resident=row[RESIDENT] if found.resident and row[RESIDENT] >= 0 else None,
        holder=f"memory at {row[ADDRESS]:#x}" if holder is None else describe(holder),
        parts=used_by,
    )
