"""The parts of a weight: children by name, with equal children merged into one."""

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ndmem.model.memory.weight import Numbers, Part

from .naming import Children, children, describe
from .ownership import numbers_of
from .walk import Survey

_MOST_NAMED = 24
_MOST_POSITIONS = 3
_MOST_GROUPS = 64


class _Group(NamedTuple):
    """Children shown as one part: the position of the first, that child, how many, the nodes of all."""

    first: int
    child: object
    count: int  # type: ignore[assignment]  # it hides tuple.count, which has no use here
    nodes: bytes
    mixed: bool = False
    share: int | None = None


def parts_of(
    found: Survey, named: Children, *, parent: int = -1, depth: int, marked: tuple[int, ...] = ()
) -> tuple[tuple[Part, ...], list[tuple[str, ...]]]:
    """Return the parts, largest first, and for each marked node the labels of the parts that reach it.

    Parameters
    ----------
    found : Survey
        The walk that found the children.
    named : Children
        Children to show, without those that the walk skipped (the interpreter's own, and types in `stop_at`).
    parent : int
        Node of the object whose children they are; -1 if they are of several.
    depth : int
        Levels to show, 1 for these parts alone.
    marked : tuple of int
        Nodes of buffers.
    """
    if not named.objects:
        return (), [()] * len(marked)
    parts: list[Part] = []
    users: list[list[str]] = [[] for _ in marked]
    # Collect all groups first: a node that is added later would invalidate the walk's order.
    for group in list(_groups(found, named, parent)):
        numbers = _numbers(found, group)
        label = named.label(group.first)
        if group.count > 1:
            label = f"{label}, … ({group.count})"
        if marked:
            for labels, used in zip(users, found.graph.reached(marked), strict=True):
                if used:
                    labels.append(label)
        below: tuple[Part, ...] = ()
        if group.count == 1 and depth > 1 and group.share is None:
            (node,) = struct.unpack("=I", group.nodes)
            below, _ = parts_of(found, children(group.child), parent=node, depth=depth - 1)
        kind = "various" if group.mixed else describe(group.child)
        kind = kind if group.share is None else f"part of {kind}"
        parts.append(Part(label, kind, group.count, numbers, below))
    if len(parts) > 1:
        parts.sort(key=lambda part: -(part.numbers.reachable + part.numbers.mapped))
    return tuple(parts), [tuple(labels) for labels in users]


def _groups(found: Survey, named: Children, parent: int) -> Iterator[_Group]:
    if named.shares is not None:
        yield from _shared_groups(found, named, named.shares)
    elif len(named.objects) <= (_MOST_POSITIONS if named.names is None else _MOST_NAMED):
        # The list belongs to the program, which may change its length from here on.
        for position, child in enumerate(named.objects[:_MOST_NAMED]):
            node = found.graph.index(child, parent)
            if node >= 0:
                yield _Group(position, child, 1, struct.pack("=I", node))
    else:
        groups = found.graph.alike(parent, named.objects, _MOST_GROUPS)
        for number, (first, child, count, nodes) in enumerate(groups):
            # At the maximum number of groups, the last group takes the rest.
            yield _Group(first, child, count, nodes, mixed=number == _MOST_GROUPS - 1)


def _shared_groups(found: Survey, named: Children, shares: Sequence[int | None]) -> Iterator[_Group]:
    """Group children that are a share of one object, such as columns of a block; many have equal shares."""
    seen: dict[tuple[int, int | None], list[int]] = {}
    few = len(named.objects) <= _MOST_NAMED
    for position, (child, share) in enumerate(zip(named.objects, shares, strict=True)):
        node = found.graph.index(child)
        if node < 0:
            continue
        if few or share is None:
            yield _Group(position, child, 1, struct.pack("=I", node), share=share)
        else:
            seen.setdefault((node, share), []).append(position)
    for (node, share), positions in seen.items():
        child = named.objects[positions[0]]
        yield _Group(positions[0], child, len(positions), struct.pack("=I", node), share=share)


def _numbers(found: Survey, group: _Group) -> Numbers:
    numbers = numbers_of(found, group.nodes)
    if group.share is None:
        return numbers
    # Without this share, the others would still hold the whole object.
    return numbers._replace(logical=group.share * group.count, owned=0, owned_mapped=0, unsure=0)
