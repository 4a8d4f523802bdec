"""State of a program that is watched, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.call_tree.frames import user_site
from ndmem.analysis.peak import find_peak_node
from ndmem.model.ending import Ending
from ndmem.platform.signal_names import name_signal
from ndmem.reporting.plain import plain

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.trace import RunInfo
    from ndmem.reporting.paths import FileNames


def name_state(run: RunInfo) -> str:
    """Name whether the program runs, or how it ended: ``running``, ``killed by SIGKILL``."""
    if run.ending is None:
        return "saved"
    return {
        Ending.RUNNING: "running",
        Ending.DETACHED: "recording ended",
        Ending.SIGNAL: f"killed by {name_signal(-(run.exit_status or 0))}",
        Ending.LOST: "ended unexpectedly (no exit record)",
        Ending.UNKNOWN: "state unknown: its process is not visible from here",
        Ending.EXIT: "ended" if run.exit_status is None else f"ended, exit status {run.exit_status}",
    }[run.ending]


def name_program(run: RunInfo) -> str:
    """Return the command line of the program."""
    return plain(" ".join(run.program)) or "ndmem.track() block"


def name_peak_place(index: TraceIndex, names: FileNames) -> str:
    """Return file and line at which the peak of arrays was reached; an empty text if they are unknown."""
    site = user_site(index, find_peak_node(index))
    return names.short_place(site.filename, site.lineno) if site and site.filename else ""
