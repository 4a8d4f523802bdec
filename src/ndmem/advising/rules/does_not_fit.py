"""Arrays that did not fit, or hardly: an allocation was refused, the run was killed, or it came near its limit.

The finding says how many rows of the arrays' common first axis fit at once. Blocks of so many rows, one after the
other, need that much memory and compute the same where rows do not depend on each other. An array that is needed whole
can be a file that is mapped, by ``np.lib.format.open_memmap`` or ``np.load(…, mmap_mode="r")``: the system then keeps
in memory what is in use. The saving is estimated: what the rest of the program needs may change, too.
"""

from __future__ import annotations

import ast
import math
import re
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.forms import read_dtype
from ndmem.advising.replay import Change, Replayed
from ndmem.advising.source.syntax import called_name, site_of, source_tree, text_of
from ndmem.advising.suggestion import Suggestion
from ndmem.analysis.answer.headroom import find_headroom
from ndmem.model.advice.finding import Proof, Saving
from ndmem.model.ending import Ending
from ndmem.model.site import Site
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.analysis.answer.headroom import Headroom
    from ndmem.model.columns import Int64s
    from ndmem.model.refusal import Refusal

CODE = "NM803"
NAME = "does-not-fit"

_NEAR = 10
"""A run came near its limit if less than a tenth of it stayed free."""

_PART = 2
"""Blocks are to take half of what they could: the rest of the program needs memory, too."""

_FEWEST_ROWS = 16
_REFUSED = re.compile(r"Unable to allocate .+ for an array with shape \(([\d, ]*)\) and data type (\S+)")


@dataclass(frozen=True, slots=True)
class _Rows:
    """Arrays with a common first axis.

    Attributes
    ----------
    length, nbytes : int
        Length of the axis, and bytes of all of them.
    rows : (k,) int64
        Rows of `Case.buffers`.
    """

    length: int
    nbytes: int
    rows: Int64s


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest blocks of so many rows, or a file that is mapped."""
    run = case.index.trace.run
    refused = list(_say_refused(case, run.refusal)) if run.refusal is not None else []
    headroom = find_headroom(case.index)
    limit = "" if headroom is None else format_nbytes(headroom.nbytes)
    if refused or headroom is None:
        yield from refused
    elif run.refusal is not None:
        yield from _say_full(case, headroom, f"an allocation was refused, with a limit of {limit}")
    elif run.ending is Ending.SIGNAL and run.exit_status == -signal.SIGKILL:
        yield from _say_full(case, headroom, f"the run was killed, with a limit of {limit}")
    elif headroom.left_nbytes * _NEAR < headroom.nbytes:
        yield from _say_full(case, headroom, f"only {format_nbytes(headroom.left_nbytes)} of {limit} stayed free")


def _say_full(case: Case, headroom: Headroom, state: str) -> Iterator[Suggestion]:
    """Say in which blocks the arrays of the peak would have been far from the limit."""
    found = _find_rows(case)
    group = None if found is None else _largest_group(case, found.rows)
    if found is None or group is None or found.nbytes * 2 < case.index.trace.peak.nbytes:
        return
    fitting = found.length * ((headroom.left_nbytes + found.nbytes) // _PART) // found.nbytes
    if not 0 < fitting < found.length:
        return
    arrays = f"{len(found.rows):,} arrays" if len(found.rows) > 1 else "an array"
    yield Suggestion(
        site=group.site,
        expression=group.expression,
        message=(
            f"{state}: {arrays} with {found.length:,} rows took "
            f"{format_nbytes(found.nbytes)} at the peak; blocks of {fitting:,} rows take half of what these arrays "
            "could have, and an array that is needed whole can be mapped from a file"
        ),
        fix=_loop(found.length, fitting),
        change=Change.scale(case.buffers.at(found.rows), fitting / found.length),
        evidence={
            "nbytes": found.nbytes,
            "count": len(found.rows),
            "rows": found.length,
            "block_rows": fitting,
            "limit_nbytes": headroom.nbytes,
            "left_nbytes": headroom.left_nbytes,
        },
        proof=Proof.ESTIMATED,
    )


def _say_refused(case: Case, refusal: Refusal) -> Iterator[Suggestion]:
    """Say how much of an array fits that NumPy could not allocate, or was not allowed to."""
    match, trace = _REFUSED.search(refusal.message), case.index.trace
    shape = [int(part) for part in match.group(1).replace(",", " ").split()] if match else []
    dtype = read_dtype(match.group(2)) if match else None
    placed = _place(case, refusal)
    if dtype is None or not shape or shape[0] < 2 or placed is None:
        return
    live, nbytes = trace.live_nbytes, math.prod(shape) * dtype.itemsize
    if trace.run.budget_nbytes is not None:
        free = trace.run.budget_nbytes - live - (trace.native_live_nbytes or 0)
    elif trace.run.limit is not None:
        free = trace.run.limit.free_nbytes - max(live, trace.rss_peak_nbytes or 0)
    else:
        return
    fitting = min(max(free, 0) // _PART * shape[0] // nbytes, shape[0])
    site, node = placed
    name = _target_name(node)
    block = nbytes * fitting // shape[0]
    if fitting == shape[0] or nbytes - block < case.least:
        return  # the others take the memory
    size = f"{' x '.join(map(str, shape))} {dtype}"
    blocks = (
        f"blocks of {fitting:,} of its {shape[0]:,} rows fit into half of that" if fitting else "not even one row does"
    )
    yield Suggestion(
        site=site,
        expression=text_of(node),
        message=(
            f"an array of {format_nbytes(nbytes)}, {size}, was refused, with {format_nbytes(max(free, 0))} left: "
            f"{blocks}; a file that is mapped holds all of it"
        ),
        fix=(
            _loop(shape[0], fitting)
            if fitting
            else f"np.lib.format.open_memmap({name + '.npy'!r}, 'w+', np.{dtype}, {tuple(shape)})"
        ),
        change=Change.all_of([]),
        foreseen=Replayed(live + block, Saving(nbytes - block, 0, nbytes - block)),
        evidence={"nbytes": nbytes, "shape": shape, "dtype": str(dtype), "free_nbytes": free, "block_rows": fitting},
        proof=Proof.ESTIMATED,
    )


def _loop(length: int, block: int) -> str:
    return f"for start in range(0, {length}, {block}): rows = slice(start, start + {block})"


def _find_rows(case: Case) -> _Rows | None:
    """Return the arrays at the peak whose first axis has the same length, those with the most bytes."""
    found: dict[int, list[int]] = {}
    for row in np.flatnonzero(case.alive_at(case.peak_event)).tolist():
        array = case.array_of(row) or case.index.trace.forms.get(int(case.buffers.buffer[row]))
        if array is not None and array.shape and array.shape[0] >= _FEWEST_ROWS:
            found.setdefault(array.shape[0], []).append(row)
    sums = {length: int(case.buffers.nbytes[rows].sum()) for length, rows in found.items()}
    most = max(sums, key=lambda length: sums[length], default=None)
    return None if most is None else _Rows(most, sums[most], np.array(found[most], np.int64))


def _largest_group(case: Case, rows: Int64s) -> Group | None:
    largest = int(rows[case.buffers.nbytes[rows].argmax()])
    return next((group for group in case.groups if largest in group.rows), None)


def _place(case: Case, refusal: Refusal) -> tuple[Site, ast.expr] | None:
    """Return the expression of a line that was to allocate: the value of its statement, or a call in it."""
    tree = source_tree(case.index, refusal.filename)
    here = [
        node
        for node in (ast.walk(tree.root) if tree is not None else ())
        if isinstance(node, ast.Call | ast.BinOp) and node.lineno <= refusal.lineno <= (node.end_lineno or 0)
    ]
    if not here:
        return None
    node = next((each for each in here if called_name(each) in _FILLED), here[0])
    near = Site(refusal.filename, refusal.lineno, refusal.lineno, None, None, refusal.function)
    return site_of(node, near), node


_FILLED = frozenset({"zeros", "ones", "empty", "full"})


def _target_name(node: ast.expr) -> str:
    return called_name(node) or "array"
