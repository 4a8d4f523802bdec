"""Many arrays of a few numbers each: the objects take more memory than the numbers.

An array takes 144 bytes beside its data, and malloc gives the data at least 32. A list of 100,000 points, each an array
of three numbers, has 2 MiB of numbers in 17 MiB of memory; one array with a row for each point has 2 MiB. The rule
counts arrays below 1 KiB that one expression allocated and that were live at the peak; their number is the bytes by
their mean size. The saving is one of resident memory, and estimated: the objects are not in the figures of arrays. This
is not a problem where arrays are few, or are freed before the next one is allocated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.replay import Change
from ndmem.advising.source.syntax import find_place, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.analysis.call_tree.frames import mark_user_nodes, standing_nodes
from ndmem.model.advice.finding import Proof
from ndmem.model.columns import Domain
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case
    from ndmem.model.columns import Int64s

CODE = "NM702"
NAME = "many-tiny-arrays"

_LEAST_COUNT = 10_000
_TINY_NBYTES = 1024

_OBJECT_NBYTES = 112 + 32
"""An array object, and the block with its shape and strides."""

_LEAST_BLOCK, _GRAIN, _HEAD = 32, 16, 8
"""What malloc gives at least, in steps of how many bytes, and what it needs beside the data."""


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest one array."""
    trace = case.index.trace
    tallies, standing, users = trace.tallies, standing_nodes(case.index), mark_user_nodes(case.index)
    if len(trace.compacted):  # which of the bytes are of larger arrays is unknown
        return
    at_peak = case.alive_at(case.peak_event)
    nbytes = tallies.at_peak - _sum(case, np.where(at_peak, case.buffers.nbytes, 0))
    total = tallies.total - _sum(case, case.buffers.nbytes)
    mean = total / np.maximum(tallies.count - _sum(case, np.ones_like(case.buffers.nbytes)), 1)
    tiny = (trace.tree.domain == Domain.ARRAY) & (nbytes > 0) & (mean > 0) & (mean < _TINY_NBYTES) & users[standing]
    count = np.where(tiny, np.rint(nbytes / np.maximum(mean, 1)), 0).astype(np.int64)
    block = np.maximum(_LEAST_BLOCK, np.ceil((mean + _HEAD) / _GRAIN) * _GRAIN)
    beside = (count * (_OBJECT_NBYTES + block) - np.where(tiny, nbytes, 0)).astype(np.int64)
    sites = trace.tree.site[standing]
    for number in np.unique(sites[count > 0]).tolist():
        here = tiny & (sites == number)
        place = find_place(case.index, trace.sites[number])
        arrays = int(count[here].sum())
        if arrays < _LEAST_COUNT or place is None:
            continue
        data = int(nbytes[here].sum())
        yield Suggestion(
            site=trace.sites[number],
            expression=text_of(place.node),
            message=f"{arrays:,} arrays of about {round(data / arrays)} bytes each are live at the peak, with "
            f"{format_nbytes(data)} of data; one array with a row for each needs no objects",
            fix=None,
            change=Change.all_of([]),
            evidence={"nbytes": data, "count": arrays},
            proof=Proof.ESTIMATED,
            resident_nbytes=int(beside[here].sum()),
        )


def _sum(case: Case, values: Int64s) -> Int64s:
    """Sum a figure of each recorded buffer for each node: recorded ones are large."""
    found = np.zeros(len(case.index.trace.tree), np.int64)
    np.add.at(found, case.buffers.node, values)
    return found
