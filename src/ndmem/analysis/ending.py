"""How a run ended, and what was seen last."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.model.ending import Ending
from ndmem.units import format_nbytes

from .frames import user_site
from .moment import Moment
from .sentence import composition, file_name, shorten
from .sources import SourceFiles

if TYPE_CHECKING:
    from ndmem.model.site import Site
    from ndmem.model.trace import Trace

_LONGEST = 60
"""Characters of a source line that a sentence can carry."""

_HOW = {
    Ending.RUNNING: "Still running",
    Ending.LOST: "Ended without a word (killed, or the machine stopped)",
    Ending.UNKNOWN: "Not known to have ended (its process cannot be seen from here)",
}


@dataclass(frozen=True, slots=True)
class LastEvent:
    """The last thing that a trace knows of its program.

    Attributes
    ----------
    site : Site
        The user's frame in which an array was made or freed.
    function : str
        Function of that frame.
    source : str or None
        Text of the line, if it is known.
    time_s : float
        Seconds since tracking started.
    """

    site: Site
    function: str
    source: str | None
    time_s: float


def find_last_event(trace: Trace) -> LastEvent | None:
    """Find the last birth or death of an array of the trace's threshold or more; ``None`` if there was none."""
    if not len(trace.events):
        return None
    site = user_site(trace, int(trace.events.stack[-1]))
    if site is None or not site.filename:
        return None
    sources = SourceFiles(trace.sources)
    return LastEvent(
        site=site,
        function=sources.name_function(site.filename, site.lineno, site.function),
        source=sources.line(site.filename, site.lineno),
        time_s=int(trace.events.time_ns[-1]) / 1e9,
    )


def name_signal(number: int) -> str:
    """Return the name of a signal; one of another system has only its number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def ending_sentence(trace: Trace, *, name_file: Callable[[str], str] = file_name) -> str | None:
    """Say how a run was cut short, with what was alive and what ran then.

    Parameters
    ----------
    trace : Trace
        The run.
    name_file : callable
        How a file is named; its last part, if not given.

    Returns
    -------
    str or None
        Such as ``Killed by SIGKILL at 21.9 GiB: 41 arrays of 512 MiB; last seen at fill.py:7 in grow, after 12.3 s:
        `blocks.append(load(i))` ``. ``None`` if the program came to its own end, or was tracked from inside.

    Raises
    ------
    TraceError
        If the trace's call tree is damaged.
    """
    run = trace.run
    if not run.is_cut or run.ending is None:
        return None
    how = f"Killed by {name_signal(-(run.exit_status or 0))}" if run.ending is Ending.SIGNAL else _HOW[run.ending]
    if not trace.peak.nbytes:
        return f"{how}; no array had been made"
    alive = composition(trace, Moment.END) if trace.live_nbytes else "nothing was alive"
    return f"{how} at {format_nbytes(trace.live_nbytes)}: {alive}{_say_where(trace, name_file)}"


def _say_where(trace: Trace, name_file: Callable[[str], str]) -> str:
    """Name the line that was seen last; nothing if none was."""
    last = find_last_event(trace)
    if last is None:
        return ""
    function = "" if last.function == "<module>" else f" in {last.function}"
    text = f": `{shorten(last.source, _LONGEST)}`" if last.source else ""
    return (
        f"; last seen at {name_file(last.site.filename)}:{last.site.lineno}{function}, after {last.time_s:.3g} s{text}"
    )
