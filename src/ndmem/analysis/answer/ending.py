"""Last event of a trace: where the program was when its record ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.analysis.call_tree.frames import user_site
from ndmem.analysis.index import fact
from ndmem.analysis.tables.sources import source_files

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.site import Site


@dataclass(frozen=True, slots=True)
class LastEvent:
    """Last allocation or deallocation that a trace has of its program.

    Attributes
    ----------
    site : Site
        The user's frame in which an array was allocated or freed.
    function : str
        Function of that frame.
    source : str or None
        Text of the line; ``None`` if the source is unknown.
    time_s : float
        Seconds since tracking started.
    """

    site: Site
    function: str
    source: str | None
    time_s: float


@fact
def find_last_event(index: TraceIndex) -> LastEvent | None:
    """Find the last event of a trace; ``None`` if it has none, or none in a known file."""
    trace = index.trace
    if not len(trace.events):
        return None
    site = user_site(index, int(trace.events.stack[-1]))
    if site is None or not site.filename:
        return None
    sources = source_files(index)
    return LastEvent(
        site=site,
        function=sources.name_function(site.filename, site.lineno, site.function),
        source=sources.line(site.filename, site.lineno),
        time_s=int(trace.events.time_ns[-1]) / 1e9,
    )
