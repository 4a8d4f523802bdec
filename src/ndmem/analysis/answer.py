"""Answer of a run as data: how much memory, where, and in which arrays."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.units import round_nbytes

from .call_tree.frames import user_site
from .index import fact
from .live import LiveColumns, each_live_buffer, live_arrays, small_nbytes
from .moment import Moment, nbytes_at
from .peak import find_peak_node
from .tables.expression import expression_text
from .tables.sources import source_files

if TYPE_CHECKING:
    from ndmem.model.site import Site
    from ndmem.model.trace import Trace

    from .index import TraceIndex
    from .tables.sources import SourceFiles

_MOST_BUFFERS = 100
"""Arrays of a line whose names are looked up: a sentence has room for two."""

_GROUPS = 2
"""Sizes of arrays that a sentence names; more of them would not be read."""


@dataclass(frozen=True, slots=True)
class Group:
    """Arrays whose sizes agree in three digits.

    Attributes
    ----------
    count : int
        Number of arrays.
    smallest_nbytes, nbytes : int
        Bytes of the smallest and of the largest array.
    total_nbytes : int
        Bytes of all of them.
    """

    count: int
    smallest_nbytes: int
    nbytes: int
    total_nbytes: int


@dataclass(frozen=True, slots=True)
class Temporaries:
    """Arrays of the named groups that were freed while the statement that allocated them was still running.

    Attributes
    ----------
    count : int
        Number of arrays.
    expressions : tuple of str
        Expressions that allocated them, most frequent first, each once; empty if they are unknown.
    """

    count: int
    expressions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Largest:
    """The line that allocated most of what was live at the peak, where that is not the line that reached it.

    Attributes
    ----------
    nbytes : int
        Bytes of its arrays.
    is_most : bool
        Whether these are at least half of the peak.
    site : Site
        The user's frame.
    expression : str or None
        The expression that allocated them; ``None`` if it is unknown, or if several did.
    holders : tuple of str
        The variables and attributes that hold its arrays, those of the largest array first, each once.
    """

    nbytes: int
    is_most: bool
    site: Site
    expression: str | None
    holders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Live bytes at a moment of a run, where they were reached, and what they consist of.

    Attributes
    ----------
    moment : Moment
        The peak or the end.
    nbytes : int
        Live bytes at the moment.
    site : Site or None
        The user's frame that reached the peak; ``None`` for the end, and if no array was allocated.
    function : str or None
        Function of that frame; for a comprehension or a lambda the function around it, if the source is known.
    groups : tuple of Group
        The sizes that explain most of it, most bytes first; empty if they explain less than half.
    arrays : Group
        All arrays of at least the trace's threshold; ``nbytes`` is that of the largest.
    small_nbytes : int
        Bytes in buffers that are not events.
    temporaries : Temporaries
        Those in ``groups``; in all arrays if there are no groups.
    elsewhere : Largest or None
        The line that allocated most of the peak, if the one that reached it allocated less than half of it.
    """

    moment: Moment
    nbytes: int
    site: Site | None
    function: str | None
    groups: tuple[Group, ...]
    arrays: Group
    small_nbytes: int
    temporaries: Temporaries
    elsewhere: Largest | None


@fact
def find_answer(index: TraceIndex, moment: Moment = Moment.PEAK) -> Answer:
    """Compute what the memory of a run's arrays consists of.

    Parameters
    ----------
    index : TraceIndex
        The run.
    moment : Moment
        The peak or the end.

    Returns
    -------
    Answer

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    trace, columns, sources = index.trace, live_arrays(index, moment), source_files(index)
    site = user_site(index, find_peak_node(index)) if moment is Moment.PEAK else None
    groups = _group_sizes(columns, total_nbytes=nbytes_at(trace, moment))
    return Answer(
        moment=moment,
        nbytes=nbytes_at(trace, moment),
        site=site,
        function=None if site is None else sources.name_function(site.filename, site.lineno, site.function),
        groups=groups,
        arrays=Group(
            count=len(columns.nbytes),
            smallest_nbytes=int(columns.nbytes.min()) if len(columns.nbytes) else 0,
            nbytes=int(columns.nbytes.max(initial=0)),
            total_nbytes=int(columns.nbytes.sum()),
        ),
        small_nbytes=small_nbytes(index, moment),
        temporaries=_find_temporaries(trace, columns, groups, sources),
        elsewhere=None if site is None else _find_largest(index, columns, site),
    )


def _find_largest(index: TraceIndex, columns: LiveColumns, peak_site: Site) -> Largest | None:
    """Return the line with most bytes, unless the line of the peak has half of them."""
    trace, total = index.trace, nbytes_at(index.trace, Moment.PEAK)
    of_site: dict[tuple[str, int], int] = {}
    lines = [of_site.setdefault((site.filename, site.lineno), len(of_site)) for site in trace.sites]
    line = np.array(lines, np.int64)[trace.tree.site[columns.standing]]
    sums = np.zeros(len(of_site), np.int64)
    np.add.at(sums, line, columns.nbytes)
    own = of_site.get((peak_site.filename, peak_site.lineno))
    if not sums.any() or (own is not None and 2 * sums[own] >= total):
        return None
    chosen = int(sums.argmax())
    buffers = tuple(each_live_buffer(index, columns.at(np.flatnonzero(line == chosen)[:_MOST_BUFFERS])))
    expressions = {buffer.expression for buffer in buffers}
    return Largest(
        nbytes=int(sums[chosen]),
        is_most=2 * int(sums[chosen]) >= total,
        site=buffers[0].site,
        expression=buffers[0].expression if len(expressions) == 1 else None,
        holders=tuple(dict.fromkeys(holder.name for buffer in buffers for holder in buffer.holders)),
    )


def _group_sizes(columns: LiveColumns, *, total_nbytes: int) -> tuple[Group, ...]:
    groups: dict[float, Group] = {}
    sizes, counts = np.unique(columns.nbytes, return_counts=True)
    for nbytes, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        # Sizes that are equal in three digits are one size to a reader.
        rounded = round_nbytes(nbytes)
        smaller = groups.get(rounded, Group(0, nbytes, nbytes, 0))
        groups[rounded] = Group(
            smaller.count + count, smaller.smallest_nbytes, nbytes, smaller.total_nbytes + nbytes * count
        )
    largest = sorted(groups.values(), key=lambda group: (-group.total_nbytes, -group.nbytes))[:_GROUPS]
    while len(largest) > 1 and largest[-1].total_nbytes * 20 < total_nbytes:
        largest.pop()  # less than 5 %: left out of the sentence
    explained = sum(group.total_nbytes for group in largest)
    return tuple(largest) if explained * 2 >= total_nbytes else ()


def _find_temporaries(
    trace: Trace, columns: LiveColumns, groups: tuple[Group, ...], sources: SourceFiles
) -> Temporaries:
    named = np.full(len(columns.nbytes), not groups)
    for group in groups:
        named |= (columns.nbytes >= group.smallest_nbytes) & (columns.nbytes <= group.nbytes)
    standing = columns.standing[named & columns.temporary]
    allocated_by: Counter[str] = Counter()
    for node, count in Counter(standing.tolist()).items():
        allocated_by[expression_text(sources, trace.sites[trace.tree.site[node]]) or ""] += count
    del allocated_by[""]
    return Temporaries(len(standing), tuple(text for text, _ in allocated_by.most_common()))
