"""What a report says besides its figures: the run, what was not measured, and where to look next."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from ndmem.analysis.domains import of_domain
from ndmem.analysis.ending import name_signal
from ndmem.analysis.moment import Moment
from ndmem.model.columns import Domain
from ndmem.model.trace import Origin
from ndmem.units import format_nbytes

from .figure_table import UNKNOWN
from .plain import plain
from .view import By

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.analysis.figures import Figures
    from ndmem.model.trace import Trace

    from .view import View

_UNTOUCHED = "some pages were never touched, or were swapped out"


def describe_run(trace: Trace, moment: Moment) -> str:
    """Say in one line what the run did in all."""
    count, run = int(of_domain(trace, trace.tallies.count, Domain.ARRAY).sum()), trace.run
    if not count:
        return f"{run.duration_s:.3g} s tracked."
    if moment is Moment.END:
        other = f"peak {format_nbytes(trace.peak.nbytes)}"
    else:
        other = f"{format_nbytes(trace.live_nbytes) if trace.live_nbytes else 'nothing'} alive at the end"
    failed = f", exit status {run.exit_status}" if (run.exit_status or 0) > 0 else ""
    if (run.exit_status or 0) < 0 and not run.is_cut:
        failed = f", ended by {name_signal(-(run.exit_status or 0))}"
    arrays = f"{count:,} array{'s' if count > 1 else ''}"
    return f"{arrays}, {format_nbytes(trace.total_nbytes)} in total, {other}; {run.duration_s:.3g} s{failed}."


def list_notes(trace: Trace, rows: Sequence[Figures]) -> list[str]:
    """List what the figures of a report do not say.

    Parameters
    ----------
    trace : Trace
        The run.
    rows : sequence of Figures
        The rows that are shown.
    """
    notes = [plain(note) for note in trace.run.notes]
    if trace.origin is Origin.MEASURED:
        notes.append(_describe_rest(trace))
    threshold = format_nbytes(trace.run.threshold)
    if trace.dropped:
        notes.append(
            f"{trace.dropped:,} events were dropped: which arrays were alive, and what was temporary, is not "
            "completely known. Bytes and counts of lines are exact."
        )
    if any(row.temporary_nbytes is None for row in rows):
        notes.append(f"{UNKNOWN} is not known: arrays smaller than {threshold} are counted, but not seen to die.")
    code = [site for site in trace.sites if site.filename]
    if code and all(site.col is None for site in code):
        notes.append(
            "Lines are known, not the expressions in them: Python 3.10 has no columns, and later versions "
            "have none with -X no_debug_ranges."
        )
    return notes


def _describe_rest(trace: Trace) -> str:
    """Say how much memory the process had besides what was recorded.

    The kernel's figure and the recorded peak are the highest ones of the run, each at its own moment.
    """
    resident = trace.rss_peak_nbytes
    if trace.total is not None:
        known, recorded, what = trace.total.nbytes, "arrays and native blocks together", "Resident memory"
        if resident is None:
            return f"{what}: not measured."
        if resident < known:
            return f"{what}: at most {format_nbytes(resident)}, less than {recorded}: {_UNTOUCHED}."
        return f"{what}: at most {format_nbytes(resident)}, with the interpreter and its libraries."
    known, what = trace.peak.nbytes, "Outside arrays, not attributed"
    if resident is None:
        return f"{what}: not measured."
    if resident < known:
        return (
            f"{what}: not known; resident memory was at most {format_nbytes(resident)}, less than arrays: {_UNTOUCHED}."
        )
    return (
        f"{what}: {format_nbytes(resident - known)}, between the highest resident memory ({format_nbytes(resident)}) "
        f"and the highest arrays ({format_nbytes(known)}), which need not be at one moment."
    )


def suggest_next(file: str | None, *, view: View) -> str:
    """Name the command that shows what this report does not.

    Parameters
    ----------
    file : str or None
        The trace's file; ``None`` if it is only in memory.
    view : View
        What this report shows.
    """
    if file is None:
        return "More: save the run with run.save('run.ndmem'), then: ndmem report run.ndmem --by stack"
    options = [
        "--by stack" if view.by is not By.STACK else "--by line",
        "--at end" if view.moment is Moment.PEAK else "--at peak",
        *([] if view.library else ["--library"]),
    ]
    # A name that a terminal would misread cannot be pasted either way: show it harmless.
    return f"More: ndmem report {plain(shlex.quote(file))} [{' | '.join(options)}]"
