"""Notes of a report: the run in one line, what was not measured, and the next command."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from ndmem.analysis.domains import of_domain
from ndmem.analysis.moment import Moment
from ndmem.model.columns import Domain
from ndmem.model.native_reach import NativeReach
from ndmem.model.trace import Origin
from ndmem.platform.signal_names import name_signal
from ndmem.reporting.plain import plain
from ndmem.reporting.sentences.before import describe_before
from ndmem.reporting.text.tables.figure_columns import UNKNOWN
from ndmem.reporting.view import By
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.tables.figures import Figures
    from ndmem.model.cluster import Cluster
    from ndmem.model.trace import Trace
    from ndmem.reporting.view import View

_UNTOUCHED = "some pages were never touched, or were swapped out"


def describe_run(index: TraceIndex, moment: Moment) -> str:
    """Write the totals of a run in one line."""
    trace = index.trace
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


def list_notes(index: TraceIndex, rows: Sequence[Figures]) -> list[str]:
    """List what the figures of a report leave open.

    Parameters
    ----------
    index : TraceIndex
        The run.
    rows : sequence of Figures
        The rows that are shown.
    """
    trace = index.trace
    notes = [plain(note) for note in trace.run.notes]
    notes += [] if trace.before is None else [describe_before(trace.before)]
    rest = _describe_rest(trace) if trace.origin is Origin.MEASURED and trace.before is None else None
    if rest is not None:
        notes.append(rest)
    threshold = format_nbytes(trace.run.threshold)
    if trace.dropped:
        notes.append(
            f"{trace.dropped:,} events were dropped: which arrays were alive, and what was temporary, is not "
            "completely known. Bytes and counts of lines are exact."
        )
    if trace.cluster is not None:
        notes += _describe_cluster(trace.cluster)
    elif trace.run.is_counted_only:
        notes.append(f"{UNKNOWN} = unknown: a continuous recording counts arrays and records none of them one by one.")
    elif any(row.temporary_nbytes is None for row in rows):
        rule = f"arrays under {threshold} are counted, their release is not recorded (see --threshold)"
        notes.append(f"{UNKNOWN} = unknown: {rule}.")
    code = [site for site in trace.sites if site.filename]
    if code and all(site.col is None for site in code):
        notes.append("Expressions are unknown: Python records no columns with -X no_debug_ranges.")
    return notes


def _describe_cluster(cluster: Cluster) -> list[str]:
    """Write what the figures of merged workers mean."""
    return [
        f"{UNKNOWN} = unknown: workers send the counters of call stacks, and no single arrays.",
        "at peak: of each worker at its own peak, which need not be at one moment. The sum at one moment is an upper "
        f"bound from samples at most {cluster.interval_s:.3g} s apart.",
    ]


def _describe_rest(trace: Trace) -> str | None:
    """Write how much memory the process had besides its arrays; ``None`` if that was not measured.

    The kernel's figure and the recorded peak are the highest of the run, but each at its own moment.
    """
    resident = trace.rss_peak_nbytes
    if trace.total is not None:
        if resident is None:
            return None if trace.run.native_reach is NativeReach.PYTHON else "Resident memory: not measured."
        if resident < trace.total.nbytes:
            most = format_nbytes(resident)
            return f"Resident memory: at most {most}, less than arrays and native blocks together: {_UNTOUCHED}."
        return f"Resident memory: at most {format_nbytes(resident)}, including the interpreter and its libraries."
    if resident is None:
        return None
    known = trace.peak.nbytes
    if resident < known:
        return f"Resident memory: at most {format_nbytes(resident)}, less than the arrays: {_UNTOUCHED}."
    return (
        f"Not in arrays: {format_nbytes(resident - known)}, the highest resident memory ({format_nbytes(resident)}) "
        f"less the highest arrays ({format_nbytes(known)}), which need not be at the same moment."
    )


def suggest_next(file: str | None, *, view: View) -> str:
    """Write the command that shows more than this report.

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
    # A file name with control characters cannot be pasted anyway: they are printed as escapes.
    return f"More: ndmem report {plain(shlex.quote(file))} [{' | '.join(options)}]"
