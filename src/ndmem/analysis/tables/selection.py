"""Selection of a table's rows: those that matter, imports as one row, and the small ones as one row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from ndmem.analysis.background import mark_import_nodes
from ndmem.analysis.call_tree.frames import standing_nodes
from ndmem.analysis.domains import of_domain
from ndmem.analysis.index import fact
from ndmem.analysis.moment import Moment, nbytes_by_node
from ndmem.model.columns import Domain
from ndmem.user_code import GENERATED

from .functions import Function
from .lines import Line, fold_lines
from .rows import row_summer

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.columns import Bools

Row = TypeVar("Row", Line, Function)

SMALL = 100
"""A row matters from this part of the memory on; the number is its denominator."""

_LEAST = 5
"""Rows that are shown if all are small."""


@dataclass(frozen=True, slots=True)
class Imports:
    """Memory of imports and of the interpreter, which no line of the program asked for.

    Attributes
    ----------
    places : frozenset of (str, int)
        File and line of the rows of which nothing else is known.
    nbytes : int
        Bytes of their arrays live at the moment.
    native_nbytes : int
        Bytes of their native blocks live at the total peak, or at the end.
    is_pure : bool
        Whether all of it is of imports, and nothing of the interpreter or of threads of libraries.
    """

    places: frozenset[tuple[str, int]]
    nbytes: int
    native_nbytes: int
    is_pure: bool

    @property
    def text(self) -> str:
        """Words for the row."""
        return "imports" if self.is_pure else "imports and what no Python code asked for"


@dataclass(frozen=True, slots=True)
class Selection(Generic[Row]):
    """Rows of a table.

    Attributes
    ----------
    shown : tuple of Line or Function
        Rows that matter.
    imports : Imports or None
        Those of imports; ``None`` if there are none, or they are too small to matter.
    small : tuple of Line or Function
        All other rows.
    """

    shown: tuple[Row, ...]
    imports: Imports | None
    small: tuple[Row, ...]


def select_rows(
    index: TraceIndex, rows: tuple[Row, ...], *, moment: Moment, whole: int, native: bool
) -> Selection[Row]:
    """Choose the rows that a person reads.

    Parameters
    ----------
    index : TraceIndex
        The run.
    rows : tuple of Line or Function
        All rows, in their order.
    moment : Moment
        The moment for which they were computed.
    whole : int
        Live bytes of arrays at that moment, of all processes whose rows these are.
    native : bool
        Whether native memory is shown.
    """
    imports = find_imports(index, moment)
    whole = max(whole, index.trace.peak.nbytes)
    if index.trace.total is not None and (native or any(row.foreign and row.foreign.count for row in rows)):
        whole = max(whole, index.trace.total.nbytes)
    own = [row for row in rows if (row.filename, row.lineno) not in imports.places]
    matter = {id(row) for row in own if SMALL * _weigh(row, moment, native=native) >= max(whole, 1)}
    matter = matter or {id(row) for row in own[:_LEAST]}
    small = tuple(row for row in own if id(row) not in matter)
    shows_imports = SMALL * (imports.nbytes + imports.native_nbytes * native) >= max(whole, 1)
    return Selection(tuple(row for row in own if id(row) in matter), imports if shows_imports else None, small)


def _weigh(row: Line | Function, moment: Moment, *, native: bool) -> int:
    """Return the highest of a row's figures that say what it holds or held, and that the table shows."""
    figures = [row.at_peak_nbytes, row.kept_nbytes, row.temporary_nbytes or 0]
    beside = (row.foreign, row.native if native else None)
    return max(*figures, *(each.live_at(moment) for each in beside if each is not None))


@fact
def find_imports(index: TraceIndex, moment: Moment = Moment.PEAK) -> Imports:
    """Find the lines that only imported modules, and what the interpreter allocated beside any line."""
    trace, tallies = index.trace, index.trace.tallies
    keys, _, fold = fold_lines(index, library=False)
    background, by_row = _mark_background(index), row_summer(index, fold)
    all_of, of_background = by_row(tallies.count), by_row(np.where(background, tallies.count, 0))
    is_import = np.array([0 < count == found for count, found in zip(all_of, of_background, strict=True)], np.bool_)
    below = is_import[fold.own] if len(fold.own) else np.zeros(0, np.bool_)
    native = of_domain(trace, tallies.at_total_peak if moment is Moment.PEAK else tallies.live, Domain.NATIVE)
    arrays, imported = nbytes_by_node(trace, moment), mark_import_nodes(index)
    return Imports(
        places=frozenset(place for place, row in keys.items() if is_import[row]),
        nbytes=int(arrays[below].sum()),
        native_nbytes=int(native[below].sum()),
        is_pure=not (arrays + native)[below & ~imported].any(),
    )


def _mark_background(index: TraceIndex) -> Bools:
    """Find the nodes of imports and, for native memory, those without any Python file."""
    trace = index.trace
    names = [site.filename for site in trace.sites]
    generated = np.array([name.startswith(GENERATED) for name in names], np.bool_)
    nameless = np.array([not name for name in names], np.bool_)
    standing = trace.tree.site[standing_nodes(index)]
    is_native = trace.tree.domain == Domain.NATIVE
    if not names:
        return np.zeros(len(trace.tree), np.bool_)
    found: Bools = mark_import_nodes(index) | generated[standing] | (nameless[standing] & is_native)
    return found
