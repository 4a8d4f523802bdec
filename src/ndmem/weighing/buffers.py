"""Count each memory region once: assign the extents that views describe to their buffers."""

from __future__ import annotations

import enum
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.trace import Domain
from ndmem.platform.resident.pages import resident_nbytes

from .tracked import tracked_buffer

if TYPE_CHECKING:
    import numpy.typing as npt

    from ndmem._walk import Graph

NODE, ADDRESS, NBYTES, DOMAIN, RESIDENT = range(5)
"""Columns of `buffer_table`."""


class Certainty(enum.IntEnum):
    """Certainty about a region; the values are those of the walk in C."""

    EXTENT = 0  # the extent of a view: the buffer may be longer, and other objects may hold it
    SHARED = 1  # the whole buffer; unseen objects may hold it too
    SOLE = 2  # the whole buffer, held only by the objects that describe it


@dataclass(slots=True)
class _Cluster:
    """Extents that overlap, or that one object describes."""

    start: int
    end: int
    domain: Domain
    certainty: Certainty
    holders: set[int]
    counted: int | None = None  # holders, as their library counts


def buffer_table(graph: Graph) -> npt.NDArray[np.int64]:
    """Return the buffers of a graph, one for each row: node, address, nbytes, domain, resident."""
    return np.frombuffer(graph.buffers(), np.int64).reshape(-1, 5)


def settle_regions(graph: Graph) -> None:
    """Create a node for every described region, or link its holder to the buffer that contains it."""
    regions = graph.regions()
    if not regions:
        return
    table = buffer_table(graph)
    owners = sorted((int(row[ADDRESS]), int(row[NBYTES]), int(row[NODE])) for row in table if row[ADDRESS])
    starts = [start for start, _, _ in owners]
    loose = []
    for holder, address, nbytes, domain, certainty, counted in regions:
        if nbytes == 0:
            continue
        at = bisect_right(starts, address) - 1
        if at >= 0 and address + nbytes <= starts[at] + owners[at][1]:
            _link(graph, holder, owners[at][2])
        else:
            found = _located(holder, address, nbytes, Domain(domain), Certainty(certainty))
            found.counted = None if counted < 0 else counted
            loose.append(found)
    for cluster in _merge(_by_holder(loose)):
        counted = -1 if cluster.counted is None else cluster.counted
        node = graph.region_node(
            cluster.start, cluster.end - cluster.start, cluster.domain, cluster.certainty is Certainty.SOLE, counted
        )
        for holder in cluster.holders:
            graph.link(holder, node)


def fill_resident(graph: Graph) -> None:
    """Ask the system how much of the larger buffers is in RAM; smaller ones are assumed to be in RAM."""
    asked = graph.unasked()
    if not asked:
        return
    answers = resident_nbytes((address, nbytes) for _, address, nbytes in asked)
    for (node, _, _), nbytes in zip(asked, answers, strict=True):
        if nbytes is not None:
            graph.set_resident(node, nbytes)


def _link(graph: Graph, holder: int, owner: int) -> None:
    # A capsule holds its array by a reference that Python does not report; skip what the walk has already seen.
    graph.measure(holder.to_bytes(4, "little"))
    if not graph.reached((owner,))[0]:
        graph.link(holder, owner)


def _located(holder: int, address: int, nbytes: int, domain: Domain, certainty: Certainty) -> _Cluster:
    """Widen an extent to the tracker's buffer that contains it."""
    known = tracked_buffer(address) if certainty is Certainty.EXTENT else None
    if known is not None:
        address, nbytes, domain = known.start, known.nbytes, Domain.ARRAY
    return _Cluster(address, address + nbytes, domain, certainty, {holder})


def _by_holder(extents: Iterable[_Cluster]) -> list[_Cluster]:
    """Merge the extents of one capsule's views: they belong to one buffer."""
    joined: dict[int, _Cluster] = {}
    result = []
    for extent in extents:
        (holder,) = extent.holders
        if extent.certainty is not Certainty.EXTENT:
            result.append(extent)
        elif holder in joined:
            known = joined[holder]
            known.start, known.end = min(known.start, extent.start), max(known.end, extent.end)
        else:
            joined[holder] = extent
            result.append(extent)
    return result


def _merge(extents: Iterable[_Cluster]) -> list[_Cluster]:
    clusters: list[_Cluster] = []
    for extent in sorted(extents, key=lambda extent: extent.start):
        last = clusters[-1] if clusters else None
        if last is None or extent.start >= last.end:
            clusters.append(extent)
            continue
        if extent.certainty > last.certainty:
            last.domain, last.certainty = extent.domain, extent.certainty
        last.end = max(last.end, extent.end)
        last.holders |= extent.holders
        if extent.counted is not None:
            last.counted = max(extent.counted, last.counted or 0)
    return clusters
