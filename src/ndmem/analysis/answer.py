"""The answer of a run, as data: how much, where, and made of what."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.units import format_nbytes

from .expression import expression_text
from .frames import user_site
from .live import LiveColumns, find_live, small_nbytes
from .moment import Moment, events_until, nbytes_at
from .peak import find_peak_node
from .sources import SourceFiles

if TYPE_CHECKING:
    from ndmem.model.site import Site
    from ndmem.model.trace import Trace

_GROUPS = 2
"""How many sizes of arrays a sentence can name and still be read."""


@dataclass(frozen=True, slots=True)
class Group:
    """Arrays of one size, as far as three digits tell.

    Attributes
    ----------
    count : int
        Number of arrays.
    smallest_nbytes, nbytes : int
        Bytes of the smallest and of the largest of them.
    total_nbytes : int
        Bytes of them together.
    """

    count: int
    smallest_nbytes: int
    nbytes: int
    total_nbytes: int


@dataclass(frozen=True, slots=True)
class Temporaries:
    """Arrays of the named groups that died while the statement that made them was still running.

    Attributes
    ----------
    count : int
        Number of them.
    expressions : tuple of str
        What made them, most frequent first, each once; empty where that is not known.
    """

    count: int
    expressions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is alive at a moment of a run, where that was reached, and what it consists of.

    Attributes
    ----------
    moment : Moment
        The peak or the end.
    nbytes : int
        Live bytes at the moment.
    site : Site or None
        The user's frame that reached the peak; ``None`` for the end, and where no array was made.
    function : str or None
        Function of that frame; the one around it for a comprehension or a lambda, where that is known.
    groups : tuple of Group
        The sizes that explain most of it, most bytes first; empty if they explain less than half.
    arrays : Group
        All arrays of the trace's threshold and more; ``nbytes`` is that of the largest.
    small_nbytes : int
        Bytes in buffers that are not events.
    temporaries : Temporaries
        Of ``groups``; of all arrays where there are no groups.
    """

    moment: Moment
    nbytes: int
    site: Site | None
    function: str | None
    groups: tuple[Group, ...]
    arrays: Group
    small_nbytes: int
    temporaries: Temporaries


def find_answer(trace: Trace, moment: Moment = Moment.PEAK) -> Answer:
    """Say what the memory of a run's arrays consists of.

    Parameters
    ----------
    trace : Trace
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
    columns, sources = find_live(trace, until=events_until(trace, moment)), SourceFiles(trace.sources)
    site = user_site(trace, find_peak_node(trace)) if moment is Moment.PEAK else None
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
        small_nbytes=small_nbytes(trace, moment, columns=columns),
        temporaries=_find_temporaries(trace, columns, groups, sources),
    )


def _group_sizes(columns: LiveColumns, *, total_nbytes: int) -> tuple[Group, ...]:
    """Return the sizes that explain most of the live bytes; none if they explain less than half."""
    groups: dict[str, Group] = {}
    sizes, counts = np.unique(columns.nbytes, return_counts=True)
    for nbytes, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        # Sizes that read the same are one size to the reader.
        text = format_nbytes(nbytes)
        smaller = groups.get(text, Group(0, nbytes, nbytes, 0))
        groups[text] = Group(
            smaller.count + count, smaller.smallest_nbytes, nbytes, smaller.total_nbytes + nbytes * count
        )
    largest = sorted(groups.values(), key=lambda group: (-group.total_nbytes, -group.nbytes))[:_GROUPS]
    while len(largest) > 1 and largest[-1].total_nbytes * 20 < total_nbytes:
        largest.pop()  # less than 5 %: not worth a place in the sentence
    explained = sum(group.total_nbytes for group in largest)
    return tuple(largest) if explained * 2 >= total_nbytes else ()


def _find_temporaries(
    trace: Trace, columns: LiveColumns, groups: tuple[Group, ...], sources: SourceFiles
) -> Temporaries:
    """Describe the temporaries among the arrays of the groups, or among all where there are no groups."""
    named = np.full(len(columns.nbytes), not groups)
    for group in groups:
        named |= (columns.nbytes >= group.smallest_nbytes) & (columns.nbytes <= group.nbytes)
    standing = columns.standing[named & columns.temporary]
    made_by: Counter[str] = Counter()
    for node, count in Counter(standing.tolist()).items():
        made_by[expression_text(sources, trace.sites[trace.tree.site[node]]) or ""] += count
    del made_by[""]
    return Temporaries(len(standing), tuple(text for text, _ in made_by.most_common()))
