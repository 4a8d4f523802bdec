"""Figures of a table row, computed for all rows at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.analysis.domains import of_domain
from ndmem.analysis.index import fact
from ndmem.analysis.moment import Moment, nbytes_at, nbytes_by_node
from ndmem.model.columns import Domain

from .rows import count_births, highest_at_events, highest_by_row, row_summer, temporary_by_row

if TYPE_CHECKING:
    from ndmem.analysis.call_tree.fold import Fold
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.columns import Int64s
    from ndmem.model.trace import Trace


SHOWN = ("peak_nbytes", "temporary_nbytes", "kept_nbytes", "total_nbytes")
"""Bytes in the tables for people, in this order; ``share`` stands before them, ``count`` after."""

EXPORTED = (
    "peak_nbytes", "at_peak_nbytes", "own_nbytes", "temporary_nbytes", "kept_nbytes", "total_nbytes", "count",
    "at_total_peak_nbytes",
)  # fmt: skip
"""Whole numbers that are written for other programs, in this order; `BESIDE_COLUMNS` follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeFigures:
    """Native blocks of a line or a function, with everything it called; or those that are the memory of arrays.

    Attributes
    ----------
    peak_nbytes : int or None
        Highest live bytes of all such blocks of the program while it ran; ``None`` if it has no event.
    at_total_peak_nbytes : int
        Bytes of its blocks live at the total peak.
    temporary_nbytes : int or None
        High-water mark of its blocks that were allocated and freed within one execution; ``None`` if events were
        dropped.
    kept_nbytes, total_nbytes, count : int
        Bytes of its blocks live at the end, bytes and number of all its blocks.
    """

    peak_nbytes: int | None
    at_total_peak_nbytes: int
    temporary_nbytes: int | None
    kept_nbytes: int
    total_nbytes: int
    count: int

    def live_at(self, moment: Moment) -> int:
        """Return the bytes live at the total peak or at the end."""
        return self.at_total_peak_nbytes if moment is Moment.PEAK else self.kept_nbytes


BESIDE_COLUMNS = {
    f"{kind}_{name}": (kind, name) for kind in ("native", "foreign") for name in NativeFigures.__dataclass_fields__
}
"""Figures of memory beside NumPy's as other programs get them: the column's name → those of the two fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Figures of a line or a function, with everything it called; each buffer counts once.

    All figures except ``foreign`` and ``native`` are of NumPy's own memory.

    Attributes
    ----------
    peak_nbytes : int or None
        Highest live bytes of the whole program while it ran; ``None`` if it has no event.
    at_peak_nbytes : int
        Bytes of its buffers live at the program's peak.
    share : float or None
        Its part of the live bytes at the moment of the table, 0 to 1; ``None`` if nothing was live then.
    temporary_nbytes : int or None
        High-water mark of its buffers that were allocated and freed within one execution. Only buffers of at least
        the trace's threshold are known: ``None`` if it allocated only smaller ones.
    kept_nbytes : int
        Bytes of its buffers live at the end.
    total_nbytes : int
        Bytes of all its buffers.
    count : int
        Number of all its buffers.
    own_nbytes : int
        Bytes live at the moment of the table that it allocated itself, not through a row it called; over all rows
        they sum to the live bytes of the program.
    at_total_peak_nbytes : int or None
        Bytes of its buffers live at the total peak; ``None`` if native memory was not tracked.
    foreign, native : NativeFigures or None
        Its native blocks that are the memory of arrays, and the others; ``None`` if native memory was not tracked.
    """

    peak_nbytes: int | None
    at_peak_nbytes: int
    share: float | None
    temporary_nbytes: int | None
    kept_nbytes: int
    total_nbytes: int
    count: int
    own_nbytes: int
    at_total_peak_nbytes: int | None = None
    foreign: NativeFigures | None = None
    native: NativeFigures | None = None

    def has_memory(self, *, native: bool = True) -> bool:
        """Whether it or anything it called allocated; native blocks count only if they are asked for."""
        beside = [self.foreign, self.native] if native else [self.foreign]
        return bool(self.count or any(figures and figures.count for figures in beside))

    def as_columns(self) -> dict[str, Any]:
        """Return the figures by name, for a row that adds its place."""
        return {name: getattr(self, name) for name in Figures.__dataclass_fields__}

    def beside_columns(self) -> dict[str, int | None]:
        """Return the figures of memory beside NumPy's by `BESIDE_COLUMNS`; ``None`` for each if it was not tracked."""
        return {
            column: None if getattr(self, kind) is None else getattr(getattr(self, kind), name)
            for column, (kind, name) in BESIDE_COLUMNS.items()
        }


@fact
def compute_figures(index: TraceIndex, fold: Fold, *, moment: Moment) -> list[Figures]:
    """Compute the figures of every row of a table.

    Parameters
    ----------
    index : TraceIndex
        The run.
    fold : Fold
        Its call tree with the rows.
    moment : Moment
        The moment of ``share`` and ``own_nbytes``.

    Returns
    -------
    list of Figures
        By row number.
    """
    by_node, live = nbytes_by_node(index.trace, moment), nbytes_at(index.trace, moment)
    own = np.zeros(fold.rows, np.int64)
    np.add.at(own, fold.own, by_node)
    columns = {
        **_compute_columns(index, fold),
        "share": [nbytes / live if live else None for nbytes in row_summer(index, fold)(by_node)],
        "own_nbytes": own.tolist(),
    }
    return [Figures(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]


@fact
def _compute_columns(index: TraceIndex, fold: Fold) -> dict[str, list[Any]]:
    # Apart from `compute_figures`, so that the tables of both moments share these columns.
    trace, tallies, by_row = index.trace, index.trace.tallies, row_summer(index, fold)

    def of_arrays(values: Int64s) -> list[int]:
        return by_row(of_domain(trace, values, Domain.ARRAY))

    unknown = [None] * fold.rows
    count = of_arrays(tallies.count)
    return {
        "peak_nbytes": _highest_live(trace, fold),
        "at_peak_nbytes": of_arrays(tallies.at_peak),
        "temporary_nbytes": _temporary_peaks(index, fold, Domain.ARRAY, count),
        "kept_nbytes": of_arrays(tallies.live),
        "total_nbytes": of_arrays(tallies.total),
        "count": count,
        "at_total_peak_nbytes": unknown if trace.native is None else of_arrays(tallies.at_total_peak),
        "foreign": unknown if trace.native is None else _compute_beside(index, fold, Domain.FOREIGN),
        "native": unknown if trace.native is None else _compute_beside(index, fold, Domain.NATIVE),
    }


def _compute_beside(index: TraceIndex, fold: Fold, domain: Domain) -> list[NativeFigures]:
    trace, tallies, by_row = index.trace, index.trace.tallies, row_summer(index, fold)

    def of_native(values: Int64s) -> list[int]:
        return by_row(of_domain(trace, values, domain))

    count = of_native(tallies.count)
    # Events of all domains record the live bytes of native blocks.
    highest = tallies.max_native if domain is Domain.NATIVE else highest_at_events(index, domain)
    columns = {
        "peak_nbytes": highest_by_row(fold, highest),
        "at_total_peak_nbytes": of_native(tallies.at_total_peak),
        "temporary_nbytes": _temporary_peaks(index, fold, domain, count),
        "kept_nbytes": of_native(tallies.live),
        "total_nbytes": of_native(tallies.total),
        "count": count,
    }
    return [NativeFigures(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]


def importance(figures: Figures) -> tuple[float, ...]:
    """Return a sort key: bytes live at the moment that a row allocated, those of its calls, its native blocks."""
    foreign, native = (each.at_total_peak_nbytes if each else 0 for each in (figures.foreign, figures.native))
    last = -(figures.peak_nbytes or 0), -figures.total_nbytes
    return (-figures.own_nbytes, -(figures.share or 0.0), -foreign, -native, *last)


def _highest_live(trace: Trace, fold: Fold) -> list[int | None]:
    """Return the highest live bytes of arrays while each row ran.

    Native events record it too, but are used only for rows without events of arrays: figures of arrays must not
    depend on whether native memory is tracked.
    """
    by_arrays = highest_by_row(fold, of_domain(trace, trace.tallies.max_live, Domain.ARRAY, other=-1))
    if trace.native is None:
        return by_arrays
    by_all = highest_by_row(fold, trace.tallies.max_live)
    return [found if found is not None else other for found, other in zip(by_arrays, by_all, strict=True)]


def _temporary_peaks(index: TraceIndex, fold: Fold, domain: Domain, count: list[int]) -> list[int | None]:
    """Return the high-water mark of each row's temporaries; ``None`` if its buffers have no events."""
    births = row_summer(index, fold)(count_births(index, domain))
    # If events are missing, a mark of 0 does not prove that there were no temporaries.
    unsure = index.trace.dropped > 0 or len(index.trace.compacted) > 0
    return [
        None if allocated and (not events or (unsure and not nbytes)) else nbytes
        for nbytes, allocated, events in zip(temporary_by_row(index, fold, domain), count, births, strict=True)
    ]
