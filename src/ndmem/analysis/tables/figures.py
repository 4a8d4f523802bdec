"""The figures of a table row, computed for all rows at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.model.columns import Domain

from .domains import of_domain
from .moment import Moment, nbytes_at, nbytes_by_node
from .rows import count_births, highest_by_row, row_summer, temporary_by_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndmem.model.columns import Int64s
    from ndmem.model.trace import Trace

    from .fold import Fold


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeFigures:
    """The native blocks of a line or a function, with everything it called.

    Attributes
    ----------
    peak_nbytes : int or None
        Highest live bytes of all native blocks of the program while it ran; ``None`` if no event was seen in it.
    at_total_peak_nbytes : int
        Bytes of its blocks alive at the peak of arrays and native blocks together.
    temporary_nbytes : int or None
        High-water mark of its blocks that were born and died within one execution; ``None`` where events were
        dropped.
    kept_nbytes, total_nbytes, count : int
        Bytes of its blocks alive at the end, bytes and number of all its blocks.
    """

    peak_nbytes: int | None
    at_total_peak_nbytes: int
    temporary_nbytes: int | None
    kept_nbytes: int
    total_nbytes: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a line or a function did, with everything it called; each buffer counts once.

    All figures but ``native`` are of arrays.

    Attributes
    ----------
    peak_nbytes : int or None
        Highest live bytes of the whole program while it ran; ``None`` if no event was seen in it.
    at_peak_nbytes : int
        Bytes of its buffers alive at the program's peak.
    share : float or None
        Its part of the live bytes at the moment the table is for, 0 to 1; ``None`` if nothing was alive then.
    temporary_nbytes : int or None
        High-water mark of its buffers that were born and died within one execution. Only buffers from the
        trace's threshold up are known: ``None`` if it made only smaller ones.
    kept_nbytes : int
        Bytes of its buffers alive at the end.
    total_nbytes : int
        Bytes of all its buffers.
    count : int
        Number of all its buffers.
    own_nbytes : int
        Bytes alive at the moment the table is for, made by it and not by a row it called: these sum over the
        rows to the live bytes of the program.
    at_total_peak_nbytes : int or None
        Bytes of its buffers alive at the peak of arrays and native blocks together; ``None`` where native memory
        was not watched.
    native : NativeFigures or None
        Its native blocks; ``None`` where native memory was not watched.
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
    native: NativeFigures | None = None

    @property
    def is_empty(self) -> bool:
        """Whether neither it nor what it called made anything."""
        return not self.count and not (self.native and self.native.count)

    def as_columns(self) -> dict[str, Any]:
        """Return the figures by name, for a row that adds its place."""
        return {name: getattr(self, name) for name in Figures.__dataclass_fields__}


def compute_figures(trace: Trace, fold: Fold, *, moment: Moment) -> list[Figures]:
    """Compute the figures of every row of a table.

    Parameters
    ----------
    trace : Trace
        The run.
    fold : Fold
        Its call tree with the rows.
    moment : Moment
        The moment that ``share`` and ``own_nbytes`` are for.

    Returns
    -------
    list of Figures
        By row number.
    """
    tallies, by_row = trace.tallies, row_summer(fold)
    own = np.zeros(fold.rows, np.int64)
    np.add.at(own, fold.own, nbytes_by_node(trace, moment))
    at_moment = by_row(nbytes_by_node(trace, moment))
    live = nbytes_at(trace, moment)

    def of_arrays(values: Int64s) -> list[int]:
        return by_row(of_domain(trace, values, Domain.ARRAY))

    unknown = [None] * fold.rows
    count = of_arrays(tallies.count)
    columns = {
        "peak_nbytes": _highest_live(trace, fold),
        "at_peak_nbytes": of_arrays(tallies.at_peak),
        "share": [nbytes / live if live else None for nbytes in at_moment],
        "temporary_nbytes": _temporary(trace, fold, Domain.ARRAY, by_row, count),
        "kept_nbytes": of_arrays(tallies.live),
        "total_nbytes": of_arrays(tallies.total),
        "count": count,
        "own_nbytes": own.tolist(),
        "at_total_peak_nbytes": unknown if trace.native is None else of_arrays(tallies.at_total_peak),
        "native": unknown if trace.native is None else _compute_native(trace, fold, by_row),
    }
    return [Figures(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]


def _compute_native(trace: Trace, fold: Fold, by_row: Callable[[Int64s], list[int]]) -> list[NativeFigures]:
    """Compute the figures of native blocks."""
    tallies = trace.tallies

    def of_native(values: Int64s) -> list[int]:
        return by_row(of_domain(trace, values, Domain.NATIVE))

    count = of_native(tallies.count)
    columns = {
        # At an event of either domain the native live bytes are known.
        "peak_nbytes": highest_by_row(fold, tallies.max_native),
        "at_total_peak_nbytes": of_native(tallies.at_total_peak),
        "temporary_nbytes": _temporary(trace, fold, Domain.NATIVE, by_row, count),
        "kept_nbytes": of_native(tallies.live),
        "total_nbytes": of_native(tallies.total),
        "count": count,
    }
    return [NativeFigures(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]


def importance(figures: Figures) -> tuple[float, ...]:
    """Order rows: by what they made that was alive at the moment, by what they called, by their native blocks."""
    native = figures.native.at_total_peak_nbytes if figures.native else 0
    return (-figures.own_nbytes, -(figures.share or 0.0), -native, -(figures.peak_nbytes or 0), -figures.total_nbytes)


def _highest_live(trace: Trace, fold: Fold) -> list[int | None]:
    """Return the highest live bytes of arrays while each row ran.

    Native events tell too, but only where there were no others: what is said of arrays is the same whether native
    memory is watched or not.
    """
    by_arrays = highest_by_row(fold, of_domain(trace, trace.tallies.max_live, Domain.ARRAY, other=-1))
    if trace.native is None:
        return by_arrays
    by_all = highest_by_row(fold, trace.tallies.max_live)
    return [found if found is not None else other for found, other in zip(by_arrays, by_all, strict=True)]


def _temporary(
    trace: Trace, fold: Fold, domain: Domain, by_row: Callable[[Int64s], list[int]], count: list[int]
) -> list[int | None]:
    """Return the high-water mark of each row's temporaries; ``None`` where no event could tell."""
    births = by_row(count_births(trace, domain))
    # Where events are missing a mark of 0 only says that none was seen.
    unsure = trace.dropped > 0 or len(trace.folded) > 0
    return [
        None if made and (not events or (unsure and not nbytes)) else nbytes
        for nbytes, made, events in zip(temporary_by_row(trace, fold, domain), count, births, strict=True)
    ]
