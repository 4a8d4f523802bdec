"""End of a run that was cut short, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.ending import find_last_event
from ndmem.analysis.file_names import base_name
from ndmem.analysis.moment import Moment
from ndmem.model.ending import Ending
from ndmem.platform.signal_names import name_signal
from ndmem.units import format_nbytes

from .answer import describe_arrays, shorten

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndmem.analysis.index import TraceIndex

_LONGEST = 60
"""Most characters of a source line in a sentence."""

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
        `blocks.append(load(i))` ``. ``None`` if the program exited, or is an `ndmem.track()` block.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    trace, run = index.trace, index.trace.run
    if not run.is_cut or run.ending is None:
        return None
    how = f"Killed by {name_signal(-(run.exit_status or 0))}" if run.ending is Ending.SIGNAL else _HOW[run.ending]
    if not trace.peak.nbytes:
        return f"{how}; no array was allocated"
    alive = describe_arrays(index, Moment.END) if trace.live_nbytes else "nothing was live"
    return f"{how} at {format_nbytes(trace.live_nbytes)}: {alive}{_describe_last_event(index, name_file)}"


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
