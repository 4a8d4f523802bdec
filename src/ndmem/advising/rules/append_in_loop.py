"""An array that grows by a copy in each round of a loop.

``out = np.append(out, block)`` copies all of ``out`` each time, so that the old and the new array are there at once
and the bytes that are moved grow with the square of the number of rounds. An array of the final length, filled part
by part, is allocated once. It is not a problem if it happens once, outside a loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ndmem.advising.case import each_large
from ndmem.advising.replay import Change
from ndmem.advising.source.joining import is_extension
from ndmem.advising.source.syntax import text_of
from ndmem.advising.suggestion import Suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.advising.case import Case, Group
    from ndmem.model.columns import Int64s

CODE = "NM501"
NAME = "append-in-loop"

_LEAST_ROUNDS = 3
"""Growing arrays in a row that are a loop."""


def suggest(case: Case) -> Iterator[Suggestion]:
    """Suggest to allocate the final array once."""
    for group in each_large(case):
        target = group.place.target()
        if target is None or not is_extension(group.place.node, target):
            continue
        series = [each for each in _growing(group.only(~group.temporary)) if len(each) >= _LEAST_ROUNDS]
        if not series:
            continue
        name, rounds = text_of(target), sum(map(len, series))
        yield Suggestion(
            site=group.site,
            expression=group.expression,
            message=f"`{name}` is copied into a larger array {rounds} times, with both live each time",
            fix=None,
            change=Change.all_of(_allocate_once(case, rows) for rows in series),
            evidence={"nbytes": int(group.buffers.nbytes.max()), "count": rounds, "target": name},
        )


def _growing(group: Group) -> list[Int64s]:
    """Split the rows of a group into series of growing arrays: a smaller one begins another loop."""
    begins = np.flatnonzero(np.diff(group.buffers.nbytes) <= 0) + 1
    return np.split(group.rows, begins)


def _allocate_once(case: Case, rows: Int64s) -> Change:
    """Hold the last array of a series from the birth of the first on, and none of the others."""
    first, last = case.buffers.at(rows[:1]), case.buffers.at(rows[-1:])
    early = Change.add(start=int(first.born[0]), end=int(last.born[0]), nbytes=int(last.nbytes[0]))
    return Change.all_of([Change.drop(case.buffers.at(rows[:-1])), early])
