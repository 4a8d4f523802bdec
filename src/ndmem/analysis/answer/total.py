"""Total peak: arrays and native blocks together, where it was reached and what it consists of."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.background import Background, find_background, mark_import_nodes
from ndmem.analysis.call_tree.frames import user_site
from ndmem.analysis.domains import of_domain
from ndmem.analysis.index import fact
from ndmem.analysis.live import LiveColumns, find_live
from ndmem.analysis.moment import Moment
from ndmem.analysis.origin import ARROW, OUTSIDE_PYTHON, name_origin
from ndmem.analysis.peak import find_total_node
from ndmem.analysis.tables.expression import expression_text
from ndmem.analysis.tables.sources import source_files
from ndmem.model.columns import Domain

from .phase import Phase, find_phase

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.tables.sources import SourceFiles
    from ndmem.model.columns import Int64s
    from ndmem.model.site import Site


@dataclass(frozen=True, slots=True)
class Share:
    """Native blocks of one origin.

    Attributes
    ----------
    nbytes : int
        Their bytes.
    text : str
        The expression that allocated them, or the line if the expression is unknown; for blocks that a library
        mapped by itself their purpose or the library; the words of `background.Background` if they are not the
        program's own.
    is_code : bool
        Whether ``text`` is source code.
    site : Site or None
        The user's frame that allocated them; ``None`` for blocks of a library or of several lines.
    is_own : bool
        Whether they are the program's own, see `background.Background`.
    """

    nbytes: int
    text: str
    is_code: bool
    site: Site | None = None
    is_own: bool = True


@dataclass(frozen=True, slots=True)
class TotalAnswer:
    """Live bytes of arrays and native blocks together at a moment.

    Attributes
    ----------
    nbytes : int
        Live bytes in all.
    array_nbytes, foreign_nbytes, native_nbytes : int
        Live bytes of arrays, of those over memory that NumPy did not allocate, and of other native blocks.
    site : Site or None
        The user's frame that reached the total peak; ``None`` for the end, and if it is unknown.
    function : str or None
        Function of that frame; for a comprehension or a lambda the function around it, if the source is known.
    phase : Phase
        What the process did when it reached the total peak.
    shares : tuple of Share
        Origins of the native blocks, most bytes first; they sum to ``native_nbytes``, except for blocks whose events
        were dropped.
    line_nbytes : int
        Most bytes of the program's own native blocks that one line allocated, of whatever origin; 0 if none did.
    line_site : Site or None
        A frame of that line.
    """

    nbytes: int
    array_nbytes: int
    foreign_nbytes: int
    native_nbytes: int
    site: Site | None
    function: str | None
    phase: Phase
    shares: tuple[Share, ...]
    line_nbytes: int
    line_site: Site | None


@fact
def find_total(index: TraceIndex, moment: Moment = Moment.PEAK) -> TotalAnswer | None:
    """Compute what arrays and native blocks had together.

    Parameters
    ----------
    index : TraceIndex
        The run.
    moment : Moment
        ``PEAK`` is the total peak here, which need not be the moment of the arrays' peak.

    Returns
    -------
    TotalAnswer or None
        ``None`` if native memory was not tracked.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    trace = index.trace
    if trace.total is None:
        return None
    at_peak = moment is Moment.PEAK
    by_node = trace.tallies.at_total_peak if at_peak else trace.tallies.live
    arrays, foreign, native = (
        int(of_domain(trace, by_node, domain).sum()) for domain in (Domain.ARRAY, Domain.FOREIGN, Domain.NATIVE)
    )
    sources = source_files(index)
    node = find_total_node(index) if at_peak else -1
    site = user_site(index, node)
    phase = find_phase(index, node, events=trace.total.events)
    if phase is Phase.PROGRAM and node >= 0 and mark_import_nodes(index)[node]:
        phase = Phase.IMPORTS  # a line of the user's called the import, which no change of that line makes smaller
    blocks = live_native(index, moment)
    line_nbytes, line_site = _find_most_of_line(index, blocks)
    return TotalAnswer(
        nbytes=arrays + foreign + native,
        array_nbytes=arrays,
        foreign_nbytes=foreign,
        native_nbytes=native,
        site=site,
        function=None if site is None else sources.name_function(site.filename, site.lineno, site.function),
        phase=phase,
        shares=_sum_shares(index, blocks, sources),
        line_nbytes=line_nbytes,
        line_site=line_site,
    )


def live_native(index: TraceIndex, moment: Moment = Moment.PEAK) -> LiveColumns:
    """Find the native blocks live at the total peak, or at the end; none if native memory was not tracked."""
    return _live_beside(index, moment, Domain.NATIVE)


def live_foreign(index: TraceIndex, moment: Moment = Moment.PEAK) -> LiveColumns:
    """Find the memory of arrays that NumPy did not allocate, as `live_native` finds other blocks."""
    return _live_beside(index, moment, Domain.FOREIGN)


def _live_beside(index: TraceIndex, moment: Moment, domain: Domain) -> LiveColumns:
    trace = index.trace
    until = 0 if trace.total is None else trace.total.events if moment is Moment.PEAK else len(trace.events)
    return find_live(index, until=until, domain=domain)


def _sum_shares(index: TraceIndex, columns: LiveColumns, sources: SourceFiles) -> tuple[Share, ...]:
    trace = index.trace
    background = find_background(index, columns)
    sums: Counter[tuple[str, bool]] = Counter()
    places: dict[str, set[tuple[str, int]]] = {}
    sites: dict[str, Site] = {}
    for kind in Background:
        if kind is not Background.NONE and (nbytes := int(columns.nbytes[background == kind].sum())):
            sums[kind.text, False] += nbytes
    own = background == Background.NONE
    named = [buffer for buffer, library in trace.origins.items() if name_origin(library) != ARROW]
    libraries = own & np.isin(columns.buffer, np.array(named, np.int64))
    for buffer, nbytes in zip(columns.buffer[libraries].tolist(), columns.nbytes[libraries].tolist(), strict=True):
        sums[name_origin(trace.origins[buffer]), False] += nbytes
    for node, nbytes in _sum_by(columns.standing[own & ~libraries], columns.nbytes[own & ~libraries]):
        site = trace.sites[trace.tree.site[node]]
        text, is_code = _describe_code(site, sources)
        sums[text, is_code] += nbytes
        if site.filename:
            places.setdefault(text, set()).add((site.filename, site.lineno))
            sites[text] = site
    words = {kind.text for kind in Background}
    return tuple(
        Share(nbytes, text, is_code, sites[text] if len(places.get(text, ())) == 1 else None, text not in words)
        for (text, is_code), nbytes in sums.most_common()
    )


def _find_most_of_line(index: TraceIndex, columns: LiveColumns) -> tuple[int, Site | None]:
    trace = index.trace
    own = find_background(index, columns) == Background.NONE
    lines: Counter[tuple[str, int]] = Counter()
    sites: dict[tuple[str, int], Site] = {}
    for node, nbytes in _sum_by(columns.standing[own], columns.nbytes[own]):
        site = trace.sites[trace.tree.site[node]]
        if site.filename:
            lines[site.filename, site.lineno] += nbytes
            sites[site.filename, site.lineno] = site
    line, nbytes = max(lines.items(), key=itemgetter(1), default=(None, 0))
    return nbytes, None if line is None else sites[line]


def _sum_by(keys: np.ndarray[tuple[int], np.dtype[np.int32]], nbytes: Int64s) -> list[tuple[int, int]]:
    # Not a weighted bincount, which would sum in floating point.
    names, place = np.unique(keys, return_inverse=True)
    sums = np.zeros(len(names), np.int64)
    np.add.at(sums, place, nbytes)
    return list(zip(names.tolist(), sums.tolist(), strict=True))


def _describe_code(site: Site, sources: SourceFiles) -> tuple[str, bool]:
    """Return the text of a `Share`, and whether it is source code."""
    if not site.filename:
        return OUTSIDE_PYTHON, False
    code = expression_text(sources, site) or sources.line(site.filename, site.lineno)
    return (code, True) if code else (f"in {site.function}", False)
