"""What a report in text shows, and how much of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ndmem.analysis.measure import Measure
from ndmem.analysis.moment import Moment


class By(enum.Enum):
    """What the rows of a report are."""

    LINE = "line"
    FUNCTION = "function"
    ARRAY = "array"
    STACK = "stack"
    TREE = "tree"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A choice of what to show.

    Attributes
    ----------
    by : By
        Rows are lines, functions, live arrays, call stacks, or the tree of calls.
    moment : Moment
        What was alive at the peak, or at the end.
    library : bool
        Show the code of libraries; else it counts for the user's code that called it.
    rows, buffers : int or None
        Show at most so many rows, and so many of the largest buffers beside them; ``None`` for all.
    width : int or None
        Columns to fit into; those of the terminal, or 80, if not given.
    of : Measure or None
        What of the arrays weighs the call stacks of other tools; those alive at the moment, if not given.
    """

    by: By = By.LINE
    moment: Moment = Moment.PEAK
    library: bool = False
    rows: int | None = 20
    buffers: int | None = 10
    width: int | None = None
    of: Measure | None = None

    @property
    def measure(self) -> Measure:
        """What of the arrays weighs call stacks."""
        return Measure.of(self.moment) if self.of is None else self.of
