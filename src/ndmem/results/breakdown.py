"""The public Breakdown object: what `ndmem.breakdown` returns."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from ndmem.errors import ProcessError
from ndmem.model.memory import breakdown as parts
from ndmem.platform.breakdown.explain import explain
from ndmem.platform.breakdown.heap import trim_heap
from ndmem.platform.breakdown.outside import check_pid, outside
from ndmem.platform.breakdown.snapshot import take_snapshot
from ndmem.platform.gil_waits import short_gil_waits
from ndmem.reporting.memory.breakdown_sentence import conclude
from ndmem.reporting.memory.breakdown_table import as_html, as_text
from ndmem.tracking.journal.totals import read_totals
from ndmem.tracking.recorder import untracked
from ndmem.units import format_nbytes
from ndmem.weighing.adapters.arrow import pool_nbytes
from ndmem.weighing.live.extents import live_extents

if TYPE_CHECKING:
    from typing import Any


class Breakdown(parts.Breakdown):
    """The resident memory of a process (RSS) in parts, in bytes. Printing it shows a sentence and a table.

    `ndmem.breakdown` returns it.
    """

    __slots__ = ()

    @property
    def conclusion(self) -> str:
        """One sentence that says what the memory is."""
        return conclude(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the parts for JSON: bytes as integers, ``None`` for unknown ones."""
        return {
            "pid": self.pid,
            "conclusion": self.conclusion,
            "rss_nbytes": self.rss,
            **{f"{name}_nbytes": nbytes for name, nbytes in self.parts.items()},
            "unexplained_nbytes": self.unexplained,
            "untouched_nbytes": self.untouched,
            "notes": list(self.notes),
            "before": _printable(self.before).to_dict() if self.before else None,
        }

    def __str__(self) -> str:
        return as_text(self)

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)


def breakdown(pid: int | None = None, *, trim: bool = False) -> Breakdown:
    """Break the resident memory of a process (RSS) down into parts.

    Parameters
    ----------
    pid : int, optional
        The process; default: this one. For another process the system reports only files, shared memory and stacks.
    trim : bool
        Let malloc return the freed memory that it keeps (``malloc_trim``), and show before and after. Only for this
        process.

    Returns
    -------
    Breakdown
        Parts in bytes that add up to ``rss`` with ``unexplained``. Prints as a sentence and a table.

    Raises
    ------
    ProcessError
        If the process does not exist, or malloc cannot be trimmed.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.ones(5_000_000)
    >>> found = breakdown()
    >>> sum(part or 0 for part in found.parts.values()) + found.unexplained == found.rss
    True
    """
    if pid is not None and check_pid(pid) != os.getpid():
        if trim:
            raise ProcessError(
                f"malloc can only be trimmed from inside the process: call ndmem.breakdown(trim=True) in {pid}"
            )
        found = _printable(outside(pid))
        return replace(found, notes=(*found.notes, _say_live(pid)))
    before = _own_breakdown()
    if not trim:
        return before
    if not trim_heap():
        raise ProcessError("malloc cannot be trimmed: only glibc has malloc_trim; call breakdown() without trim")
    return replace(_own_breakdown(), before=before)


def _say_live(pid: int) -> str:
    # A journal has sizes and no addresses: which pages of these arrays are in RAM cannot be found out.
    totals = read_totals(pid)
    if totals is None:
        return "Arrays of another process are known only if ndmem run started it; this one is not tracked."
    native = "" if totals.native_nbytes is None else f", its native blocks {format_nbytes(totals.native_nbytes)}"
    return (
        f"According to its journal, its live arrays have {format_nbytes(totals.nbytes)}{native}; "
        "how much of that is in RAM is unknown."
    )


def _own_breakdown() -> Breakdown:
    with untracked(), short_gil_waits():
        try:
            taken = take_snapshot()
        except OSError:  # not Linux
            return _printable(outside(os.getpid()))
        return _printable(explain(taken, live_extents(), arrow=pool_nbytes()))


def _printable(found: parts.Breakdown) -> Breakdown:
    return Breakdown(**{field.name: getattr(found, field.name) for field in fields(found)})
