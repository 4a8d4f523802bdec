"""Answer of a run as data: how much memory, where, and in which arrays."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.call_tree.frames import standing_nodes, user_site
from ndmem.analysis.index import fact
from ndmem.analysis.live import LiveColumns, each_live_buffer, live_arrays, small_nbytes
from ndmem.analysis.moment import Moment, nbytes_at, nbytes_by_node
from ndmem.analysis.peak import find_peak_node
from ndmem.analysis.tables.expression import expression_text
from ndmem.analysis.tables.sources import source_files
from ndmem.units import round_nbytes

from .phase import find_phase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.tables.sources import SourceFiles
    from ndmem.model.columns import Int64s
    from ndmem.model.holder import Holder
    from ndmem.model.site import Site
    from ndmem.model.trace import Trace

    from .phase import Phase

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """Arrays that explain some of the live bytes.

    Attributes
    ----------
    groups : tuple of Group
        The sizes that explain most of it, most bytes first; empty if they explain less than half.
    arrays : Group
        All arrays of at least the trace's threshold; ``nbytes`` is that of the largest.
    temporaries : Temporaries
        Those in ``groups``; in all arrays if there are no groups.
    """

    groups: tuple[Group, ...]
    arrays: Group
    temporaries: Temporaries


@dataclass(frozen=True, slots=True, kw_only=True)
class Largest(Composition):
    """The line that allocated most of what was live, and its arrays.

    Attributes
    ----------
    nbytes : int
        Bytes of its arrays, small ones included.
    is_most : bool
        Whether these are at least half of all.
    site : Site
        The user's frame.
    function : str
        Function of that frame, see `Answer`.
    expression : str or None
        The expression that allocated them; ``None`` if it is unknown, or if several did.
    holders : tuple of Holder
        What holds its arrays, that of the largest array first, each name once.
    unheld : int
        Number of its arrays that are not temporaries and have no known holder, of the largest ones.
    """

    nbytes: int
    is_most: bool
    site: Site
    function: str
    expression: str | None
    holders: tuple[Holder, ...]
    unheld: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Composition):
    """Live bytes at a moment of a run, what they consist of, and where they were allocated and reached.

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
    phase : Phase
        What the process did when it reached the peak.
    small_nbytes : int
        Bytes in buffers that are not events.
    largest : Largest or None
        The line that allocated most; ``None`` if nothing is live.
    """

    moment: Moment
    nbytes: int
    site: Site | None
    function: str | None
    phase: Phase
    small_nbytes: int
    largest: Largest | None


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
    node = find_peak_node(index) if moment is Moment.PEAK else -1
    site, total = user_site(index, node), nbytes_at(trace, moment)
    composition = _compose(trace, columns, sources, total_nbytes=total)
    return Answer(
        moment=moment,
        nbytes=total,
        site=site,
        function=None if site is None else sources.name_function(site.filename, site.lineno, site.function),
        phase=find_phase(index, node, events=trace.peak.events),
        groups=composition.groups,
        arrays=composition.arrays,
        temporaries=composition.temporaries,
        small_nbytes=small_nbytes(index, moment),
        largest=_choose_largest(index, columns, nbytes_by_node(trace, moment)),
    )


def _compose(trace: Trace, columns: LiveColumns, sources: SourceFiles, *, total_nbytes: int) -> Composition:
    groups = _group_sizes(columns, total_nbytes=total_nbytes)
    return Composition(
        groups=groups,
        arrays=Group(
            count=len(columns.nbytes),
            smallest_nbytes=int(columns.nbytes.min()) if len(columns.nbytes) else 0,
            nbytes=int(columns.nbytes.max(initial=0)),
            total_nbytes=int(columns.nbytes.sum()),
        ),
        temporaries=_find_temporaries(trace, columns, groups, sources),
    )


def find_largest(index: TraceIndex, columns: LiveColumns) -> Largest | None:
    """Return the line that allocated most of some buffers; of equal ones the first by name."""
    by_node = np.zeros(len(index.trace.tree), np.int64)
    np.add.at(by_node, columns.node, columns.nbytes)
    return _choose_largest(index, columns, by_node)


def _choose_largest(index: TraceIndex, columns: LiveColumns, by_node: Int64s) -> Largest | None:
    """Return the line with most bytes; ``by_node``, shape (n,), has those of buffers that are not events, too."""
    trace, sources, total = index.trace, source_files(index), int(by_node.sum())
    if not total or not len(trace.tree):
        return None
    numbers: dict[tuple[str, int], int] = {}
    of_site = np.array(
        [numbers.setdefault((site.filename, site.lineno), len(numbers)) for site in trace.sites], np.int64
    )
    standing = trace.tree.site[standing_nodes(index)]
    of_node, by_site = of_site[standing], np.zeros(len(trace.sites), np.int64)
    np.add.at(by_site, standing, by_node)
    sums = np.zeros(len(numbers), np.int64)
    np.add.at(sums, of_site, by_site)
    nbytes = int(sums.max())
    # Of equal lines the first by name: the order of the sites depends on what else was recorded.
    chosen = min((place, number) for place, number in numbers.items() if sums[number] == nbytes)[1]
    sites = np.flatnonzero(of_site == chosen).tolist()
    site = trace.sites[min(sites, key=lambda each: (-by_site[each], *_columns(trace.sites[each])))]
    own = columns.at(np.flatnonzero(of_node[columns.node] == chosen))
    buffers = tuple(each_live_buffer(index, own.at(np.arange(min(len(own.buffer), _MOST_BUFFERS)))))
    expressions = {buffer.expression for buffer in buffers}
    composition = _compose(trace, own, sources, total_nbytes=nbytes)
    return Largest(
        groups=composition.groups,
        arrays=composition.arrays,
        temporaries=composition.temporaries,
        nbytes=nbytes,
        is_most=2 * nbytes >= total,
        site=site,
        function=sources.name_function(site.filename, site.lineno, site.function),
        expression=expressions.pop() if len(expressions) == 1 else None,
        holders=tuple(_once_by_name(holder for buffer in buffers for holder in buffer.holders)),
        unheld=sum(not buffer.holders and not buffer.temporary for buffer in buffers),
    )


def _once_by_name(holders: Iterable[Holder]) -> Iterable[Holder]:
    first: dict[str, Holder] = {}
    for holder in holders:
        first.setdefault(holder.name, holder)
    return first.values()


def _columns(site: Site) -> tuple[int, int, str]:
    unknown = -1
    return (
        unknown if site.col is None else site.col,
        unknown if site.end_col is None else site.end_col,
        site.function,
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
