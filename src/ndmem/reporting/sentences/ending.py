"""End of a run that was cut short, or that ended for lack of memory, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.answer.ending import find_last_event
from ndmem.analysis.file_names import base_name
from ndmem.analysis.moment import Moment
from ndmem.model.ending import Ending
from ndmem.platform.signal_names import name_signal
from ndmem.units import format_nbytes

from .arrays import describe_arrays
from .brevity import shorten

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndmem.analysis.index import TraceIndex
    from ndmem.model.refusal import Refusal

_LONGEST = 60
"""Most characters of a source line in a sentence."""

_LONGEST_MESSAGE = 160
"""Most characters of an error's message: that of NumPy has size, shape and dtype."""

_HOW = {
    Ending.RUNNING: "Still running",
    Ending.LOST: "Ended unexpectedly (no exit record)",
    Ending.UNKNOWN: "End unknown (its process is not visible from here)",
}


def ending_sentence(index: TraceIndex, *, name_file: Callable[[str], str] = base_name) -> str | None:
    """Write how a run was cut short, with the arrays live and the line running then.

    Parameters
    ----------
    index : TraceIndex
        The run.
    name_file : callable
        Returns the name to show for a file; by default the last part of its path.

    Returns
    -------
    str or None
        Such as ``Killed by SIGKILL at 21.9 GiB: 41 arrays of 512 MiB; last seen at fill.py:7 in grow, after 12.3 s:
        `blocks.append(load(i))` ``; of a program that ended with `MemoryError`, what was refused, and where.
        ``None`` if the program exited otherwise, or is an `ndmem.track()` block.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    trace, run = index.trace, index.trace.run
    if run.refusal is not None:
        return _describe_refusal(index, run.refusal, name_file)
    if not run.is_cut or run.ending is None:
        return None
    how = f"Killed by {name_signal(-(run.exit_status or 0))}" if run.ending is Ending.SIGNAL else _HOW[run.ending]
    if not trace.peak.nbytes:
        return f"{how}; no array was allocated"
    alive = describe_arrays(index, Moment.END) if trace.live_nbytes else "nothing was live"
    return f"{how} at {format_nbytes(trace.live_nbytes)}: {alive}{_describe_last_event(index, name_file)}"


def _describe_refusal(index: TraceIndex, refusal: Refusal, name_file: Callable[[str], str]) -> str:
    """Write which allocation was refused, where, and what was live at the end."""
    where = "" if refusal.function == "<module>" or not refusal.function else f" in {refusal.function}"
    place = f" at {name_file(refusal.filename)}:{refusal.lineno}{where}" if refusal.filename else ""
    what = f": {shorten(refusal.message, _LONGEST_MESSAGE).rstrip('.')}" if refusal.message else ""
    live = index.trace.live_nbytes
    return f"Ended by MemoryError{place}{what}; {format_nbytes(live)} of arrays was live at the end"


def _describe_last_event(index: TraceIndex, name_file: Callable[[str], str]) -> str:
    """Write the line of the last event; an empty text if there is none."""
    last = find_last_event(index)
    if last is None:
        return ""
    function = "" if last.function == "<module>" else f" in {last.function}"
    text = f": `{shorten(last.source, _LONGEST)}`" if last.source else ""
    return (
        f"; last seen at {name_file(last.site.filename)}:{last.site.lineno}{function}, after {last.time_s:.3g} s{text}"
    )
