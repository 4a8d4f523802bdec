"""View: a choice of what a text report shows, and how much of it."""

import enum
from dataclasses import dataclass

from ndmem.analysis.measure import Measure
from ndmem.analysis.moment import Moment


class By(enum.Enum):
    """Row type of a report."""

    LINE = "line"
    FUNCTION = "function"
    ARRAY = "array"
    STACK = "stack"
    TREE = "tree"
    THREAD = "thread"
    TASK = "task"
    WORKER = "worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Choice of what to show.

    Attributes
    ----------
    by : By
        Rows are lines, functions, live arrays, call stacks, the tree of calls, or threads; of a cluster task groups, or
        workers.
    moment : Moment
        Show the arrays live at the peak, or at the end.
    library : bool
        Show the code of libraries; else it is charged to the user's code that called it.
    rows, buffers : int or None
        Show at most this many rows, and this many of the largest buffers beside them; ``None`` for all.
    width : int or None
        Columns to fit into; those of the terminal, or 80, if not given.
    processes : bool
        Show the lines of all processes together, instead of the program's own.
    of : Measure or None
        Bytes that weigh call stacks in the formats of other tools; those live at the moment, if not given.
    """

    by: By = By.LINE
    moment: Moment = Moment.PEAK
    library: bool = False
    rows: int | None = 20
    buffers: int | None = 10
    width: int | None = None
    processes: bool = False
    of: Measure | None = None

    @property
    def measure(self) -> Measure:
        """Measure that weighs call stacks in the formats of other tools."""
        return Measure.of(self.moment) if self.of is None else self.of
