"""Read what was seen of values; find the nodes of the call tree that allocated the arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.model.columns import Domain
from ndmem.model.deep_facts import DeepFacts, read_boxed_numbers, read_equal_arrays, read_value_range

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ndmem.model.columns import CallTree, Int64s
    from ndmem.model.site import Site

_Place = tuple[str, int, str]


def assemble_deep_facts(
    meta: Mapping[str, Any], tree: CallTree, sites: Sequence[Site], counts: Int64s, names: Mapping[str, str]
) -> DeepFacts | None:
    """Return what was recorded of values, without what no node of arrays has the stack of; ``None`` if nothing was.

    Parameters
    ----------
    meta : mapping
        Metadata of the journal: in ``deep``, ``values`` have their stacks as places, leaf first, because the program
        does not know the numbers of the nodes.
    tree : CallTree
        The call tree.
    sites : sequence of Site
        Its places.
    counts : (n,) int64
        Buffers that each node allocated.
    names : mapping of str to str
        Files of code that are shown under other names, as cells of a notebook are.
    """
    given = meta.get("deep")
    if given is None:
        return None
    by_leaf: dict[_Place, list[int]] = {}
    for node in np.flatnonzero((counts > 0) & (tree.domain == Domain.ARRAY)).tolist():
        by_leaf.setdefault(_place(sites[tree.site[node]]), []).append(node)

    def find_nodes(fields: Mapping[str, Any]) -> tuple[int, ...]:
        stack = [
            (names.get(str(name), str(name)), max(int(line), 0), str(what)) for name, line, what in fields["stack"]
        ]
        leaves = by_leaf.get(stack[0], []) if stack else []
        return tuple(node for node in leaves if _stack(tree, sites, node) == stack)

    found = tuple(read_value_range(each, stacks=nodes) for each in given["values"] if (nodes := find_nodes(each)))
    equal = tuple(
        read_equal_arrays(each, stacks=nodes) for each in given.get("equal", ()) if (nodes := find_nodes(each))
    )
    boxed = tuple(
        read_boxed_numbers({**each, "filename": names.get(str(each["filename"]), each["filename"])})
        for each in given["boxed"]
    )
    return DeepFacts(found, boxed, equal)


def _place(site: Site) -> _Place:
    return site.filename, site.lineno, site.function


def _stack(tree: CallTree, sites: Sequence[Site], node: int) -> list[_Place]:
    places = []
    while node >= 0:
        places.append(_place(sites[tree.site[node]]))
        node = int(tree.parent[node])
    return places
