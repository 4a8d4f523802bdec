"""Native memory that is not the program's own: that of imports, of the interpreter before any code ran, of OpenBLAS.

Nearly every program has it, and no line of the program can change it.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.answer.phase import IMPORT_SYSTEM, below_traceback
from ndmem.model.columns import Domain

from .call_tree.frames import mark_user_nodes
from .call_tree.levels import nearest_marked, node_depths, tree_levels
from .domains import WORTH_SHOWING
from .index import fact
from .live import find_live
from .origin import OPENBLAS, PYTHON_OBJECTS, SMALL_BLOCKS, name_origin

if TYPE_CHECKING:
    from ndmem.model.columns import Bools, Int8s
    from ndmem.model.trace import Trace

    from .index import TraceIndex
    from .live import LiveColumns


class Background(enum.IntEnum):
    """Where a native block comes from.

    Attributes
    ----------
    NONE
        The program's own lines.
    IMPORTS
        An import, in the program or in a library.
    INTERPRETER
        The interpreter, before any Python code, for its own objects, or to print a traceback.
    OPENBLAS
        The buffers that OpenBLAS maps for its threads.
    """

    NONE = 0
    IMPORTS = 1
    INTERPRETER = 2
    OPENBLAS = 3

    @property
    def text(self) -> str:
        """Words for a row or a sentence."""
        return {1: "imports", 2: "the interpreter", 3: OPENBLAS}.get(self.value, "")


@fact
def mark_import_nodes(index: TraceIndex) -> Bools:
    """Find the nodes below an import: the user's innermost frame has called the import system.

    Returns
    -------
    (n,) bool
    """
    trace = index.trace
    of_site = np.array([site.filename.startswith(IMPORT_SYSTEM) for site in trace.sites], np.bool_)
    is_import = of_site[trace.tree.site] if len(of_site) else np.zeros(len(trace.tree), np.bool_)
    parent, levels, depths = trace.tree.parent, tree_levels(index), node_depths(index)

    def depth_of_nearest(marked: Bools) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        nearest = nearest_marked(parent, levels, marked)
        return np.where(nearest >= 0, depths[nearest], -1)

    return depth_of_nearest(is_import) > depth_of_nearest(mark_user_nodes(index))


def find_background(index: TraceIndex, columns: LiveColumns) -> Int8s:
    """Return the `Background` of each native block.

    Parameters
    ----------
    index : TraceIndex
        The run.
    columns : LiveColumns
        The blocks.

    Returns
    -------
    (k,) uint8
    """
    trace = index.trace
    found = np.full(len(columns.buffer), Background.NONE, np.uint8)
    found[mark_import_nodes(index)[columns.node]] = Background.IMPORTS
    found[_find_interpreters(index, columns) | below_traceback(index)[columns.node]] = Background.INTERPRETER
    found[_is_of(columns, trace, {OPENBLAS})] = Background.OPENBLAS
    return found


def _find_interpreters(index: TraceIndex, columns: LiveColumns) -> Bools:
    """Find blocks beside any Python frame: before the first one, or for Python's objects. Others are of C threads."""
    trace = index.trace
    has_code = np.array([bool(site.filename) for site in trace.sites], np.bool_)[trace.tree.site]
    coded = has_code[trace.events.stack]
    first = int(trace.events.buffer[coded].min()) if coded.any() else len(trace.events)
    has_origin = np.isin(columns.buffer, np.array(list(trace.origins), np.int64))
    is_pythons = _is_of(columns, trace, {PYTHON_OBJECTS, SMALL_BLOCKS})
    return ~has_code[columns.standing] & (is_pythons | (~has_origin & (columns.buffer < first)))


def _is_of(columns: LiveColumns, trace: Trace, names: set[str]) -> Bools:
    buffers = [buffer for buffer, library in trace.origins.items() if name_origin(library) in names]
    return np.isin(columns.buffer, np.array(buffers, np.int64))


@fact
def native_matters(index: TraceIndex) -> bool:
    """Tell whether a run's native memory gets a column and a table of its own.

    It does if the program's own lines have a tenth of the total peak. Less would push the arrays out of sight, and the
    sentence has its sum.
    """
    own, total = own_native_nbytes(index), index.trace.total
    return total is not None and own > 0 and own * WORTH_SHOWING >= total.nbytes


@fact
def own_native_nbytes(index: TraceIndex) -> int:
    """Return the native bytes of the program's own lines live at the total peak; 0 if they were not tracked."""
    trace = index.trace
    if trace.native is None or trace.total is None or not trace.native.nbytes:
        return 0
    columns = find_live(index, until=trace.total.events, domain=Domain.NATIVE)
    return int(columns.nbytes[find_background(index, columns) == Background.NONE].sum())
