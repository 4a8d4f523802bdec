"""Places in sentences: where memory was allocated, and where a peak was reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.answer.phase import Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndmem.model.site import Site

PHASES = {
    Phase.IMPORTS: "while modules were imported",
    Phase.TRACEBACK: "while Python printed the traceback",
    Phase.OUTSIDE: "outside Python code",
}
"""Words for a phase in which no line of the program ran."""


def place_text(site: Site | None, function: str | None, name_file: Callable[[str], str]) -> str:
    """Write a place with a leading space; an empty text if it is unknown."""
    if site is None or not site.filename:
        return ""
    line = f":{site.lineno}" if site.lineno else ""
    where = "" if function in {None, "<module>"} else f" in {function}"
    return f" at {name_file(site.filename)}{line}{where}"


def write_reached(
    site: Site | None, function: str | None, phase: Phase, own: Site | None, name_file: Callable[[str], str]
) -> str:
    """Write where a peak was reached, with a leading semicolon; ``own`` is the place that the sentence has named."""
    if site is None:
        return ""
    if phase is not Phase.PROGRAM:
        return "" if own is not None and own.filename == site.filename else f"; reached {PHASES[phase]}"
    if own is not None and (own.filename, own.lineno) == (site.filename, site.lineno):
        return "; reached on that line"
    place = place_text(site, function, name_file)
    return f"; reached{place}" if place else ""
