"""The total peak: arrays and native blocks together, where it was reached and what it consists of."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.model.columns import Domain

from .domains import of_domain
from .expression import expression_text
from .frames import user_site
from .live import LiveColumns, find_live
from .moment import Moment
from .origin import OUTSIDE_PYTHON, name_origin
from .peak import find_total_node
from .sources import SourceFiles

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s
    from ndmem.model.site import Site
    from ndmem.model.trace import Trace


@dataclass(frozen=True, slots=True)
class Share:
    """Native blocks that one thing made.

    Attributes
    ----------
    nbytes : int
        Their bytes.
    text : str
        The expression that made them, or the line where that is not known; what they are, or who mapped them, where
        a library mapped them by itself; `origin.OUTSIDE_PYTHON` for those that no Python frame asked for.
    is_code : bool
        ``text`` is source code.
    """

    nbytes: int
    text: str
    is_code: bool


@dataclass(frozen=True, slots=True)
class TotalAnswer:
    """What arrays and native blocks had together at a moment.

    Attributes
    ----------
    nbytes, array_nbytes, native_nbytes : int
        Live bytes in all, and of each kind.
    site : Site or None
        The user's frame that reached the total peak; ``None`` for the end, and where it is not known.
    function : str or None
        Function of that frame; the one around it for a comprehension or a lambda, where that is known.
    shares : tuple of Share
        What made the native blocks, most bytes first; together ``native_nbytes``, but for blocks whose events were
        dropped.
    """

    nbytes: int
    array_nbytes: int
    native_nbytes: int
    site: Site | None
    function: str | None
    shares: tuple[Share, ...]


def find_total(trace: Trace, moment: Moment = Moment.PEAK) -> TotalAnswer | None:
    """Say what arrays and native blocks had together.

    Parameters
    ----------
    trace : Trace
        The run.
    moment : Moment
        ``PEAK`` is the total peak here, which need not be the moment of the arrays' peak.

    Returns
    -------
    TotalAnswer or None
        ``None`` where native memory was not watched.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    if trace.total is None:
        return None
    at_peak = moment is Moment.PEAK
    by_node = trace.tallies.at_total_peak if at_peak else trace.tallies.live
    arrays, native = (int(of_domain(trace, by_node, domain).sum()) for domain in (Domain.ARRAY, Domain.NATIVE))
    sources = SourceFiles(trace.sources)
    site = user_site(trace, find_total_node(trace)) if at_peak else None
    return TotalAnswer(
        nbytes=arrays + native,
        array_nbytes=arrays,
        native_nbytes=native,
        site=site,
        function=None if site is None else sources.name_function(site.filename, site.lineno, site.function),
        shares=_share_out(trace, live_native(trace, moment), sources),
    )


def live_native(trace: Trace, moment: Moment = Moment.PEAK) -> LiveColumns:
    """Find the native blocks alive at the total peak, or at the end; none where native memory was not watched."""
    until = 0 if trace.total is None else trace.total.events if moment is Moment.PEAK else len(trace.events)
    return find_live(trace, until=until, domain=Domain.NATIVE)


def _share_out(trace: Trace, columns: LiveColumns, sources: SourceFiles) -> tuple[Share, ...]:
    """Sum native blocks by what made them."""
    libraries = np.isin(columns.buffer, np.array(list(trace.origins), np.int64))
    sums: Counter[tuple[str, bool]] = Counter()
    for buffer, nbytes in zip(columns.buffer[libraries].tolist(), columns.nbytes[libraries].tolist(), strict=True):
        sums[name_origin(trace.origins[buffer]), False] += nbytes
    for node, nbytes in _sum_by(columns.standing[~libraries], columns.nbytes[~libraries]):
        sums[_describe(trace.sites[trace.tree.site[node]], sources)] += nbytes
    return tuple(Share(nbytes, text, is_code) for (text, is_code), nbytes in sums.most_common())


def _sum_by(keys: np.ndarray[tuple[int], np.dtype[np.int32]], nbytes: Int64s) -> list[tuple[int, int]]:
    """Sum bytes by key, exactly: a weighted bincount would sum in floating point."""
    names, place = np.unique(keys, return_inverse=True)
    sums = np.zeros(len(names), np.int64)
    np.add.at(sums, place, nbytes)
    return list(zip(names.tolist(), sums.tolist(), strict=True))


def _describe(site: Site, sources: SourceFiles) -> tuple[str, bool]:
    """Write what made a block, and say whether that is code."""
    if not site.filename:
        return OUTSIDE_PYTHON, False
    code = expression_text(sources, site) or sources.line(site.filename, site.lineno)
    return (code, True) if code else (f"in {site.function}", False)
