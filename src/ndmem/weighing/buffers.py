"""Each region of memory once: extents that views describe are settled to the buffer they lie in."""

from __future__ import annotations

import enum
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.trace import Domain
from ndmem.process.resident import resident_nbytes

from .tracked import tracked_buffer

if TYPE_CHECKING:
    import numpy.typing as npt

    from ndmem._walk import Graph

NODE, ADDRESS, NBYTES, DOMAIN, RESIDENT = range(5)
"""Columns of `buffer_table`."""


class Certainty(enum.IntEnum):
    """What is known of a region; the numbers are those of the native walk."""

    EXTENT = 0  # what a view can reach: the buffer may be longer, and others may hold it
    SHARED = 1  # the whole buffer; others may hold it, unseen
    SOLE = 2  # the whole buffer, held by those that describe it


@dataclass(slots=True)
class _Cluster:
    """Extents that overlap, or that one object looks at."""

    start: int
    end: int
    domain: Domain
    certainty: Certainty
    holders: set[int]


def buffer_table(graph: Graph) -> npt.NDArray[np.int64]:
    """Return the buffers of a graph, one a row: node, address, nbytes, domain, resident."""
    return np.frombuffer(graph.buffers(), np.int64).reshape(-1, 5)


def settle_regions(graph: Graph) -> None:
    """Give every region that an object described a node, or link its holder to the buffer it lies in."""
    regions = graph.regions()
    if not regions:
        return
    table = buffer_table(graph)
    owners = sorted((int(row[ADDRESS]), int(row[NBYTES]), int(row[NODE])) for row in table if row[ADDRESS])
    starts = [start for start, _, _ in owners]
    loose = []
    for holder, address, nbytes, domain, certainty in regions:
        if nbytes == 0:
            continue
        at = bisect_right(starts, address) - 1
        if at >= 0 and address + nbytes <= starts[at] + owners[at][1]:
            _link(graph, holder, owners[at][2])
        else:
            loose.append(_located(holder, address, nbytes, Domain(domain), Certainty(certainty)))
    for cluster in _merge(_by_holder(loose)):
        node = graph.region_node(
            cluster.start, cluster.end - cluster.start, cluster.domain, cluster.certainty is Certainty.SOLE
        )
        for holder in cluster.holders:
            graph.link(holder, node)


def fill_resident(graph: Graph) -> None:
    """Ask the system how much of the larger buffers is in RAM; the smaller ones are taken to be."""
    asked = graph.unasked()
    if not asked:
        return
    answers = resident_nbytes((address, nbytes) for _, address, nbytes in asked)
    for (node, _, _), nbytes in zip(asked, answers, strict=True):
        if nbytes is not None:
            graph.set_resident(node, nbytes)


def _link(graph: Graph, holder: int, owner: int) -> None:
    # A capsule holds its array by a reference that nobody shows; what the walk has seen is not added again.
    graph.measure(holder.to_bytes(4, "little"))
    if not graph.reached((owner,))[0]:
        graph.link(holder, owner)


def _located(holder: int, address: int, nbytes: int, domain: Domain, certainty: Certainty) -> _Cluster:
    """Widen an extent to the buffer the tracker knows it to lie in."""
    known = tracked_buffer(address) if certainty is Certainty.EXTENT else None
    if known is not None:
        address, nbytes, domain = known.start, known.nbytes, Domain.ARRAY
    return _Cluster(address, address + nbytes, domain, certainty, {holder})


def _by_holder(extents: Iterable[_Cluster]) -> list[_Cluster]:
    """Join what one capsule's views look at: they are windows of one buffer."""
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
    return clusters
