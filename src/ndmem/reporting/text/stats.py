"""Totals of a run, as text."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from ndmem.analysis.stats import compute_stats
from ndmem.reporting.plain import encodable, plain
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.stats import Stats


def write_stats(index: TraceIndex, stream: IO[str]) -> None:
    """Write the totals of a run, and a line for each order of size, to a text stream."""
    trace = index.trace
    stats, run = compute_stats(index), trace.run
    rows = {
        "program": plain(" ".join(run.program)) or "ndmem.track() block",
        "versions": f"Python {run.python}, " + (f"NumPy {run.numpy}" if run.numpy else "NumPy was not imported"),
        "exit status": "-" if run.exit_status is None else str(run.exit_status),
        "duration": f"{stats.duration_s:.3g} s",
        "peak": _write_exactly(stats.peak_nbytes),
        "alive at the end": _write_exactly(stats.live_nbytes_at_end),
        "total": _write_exactly(stats.total_nbytes),
        **_native_rows(stats),
        "resident peak": "not measured" if stats.rss_peak_nbytes is None else _write_exactly(stats.rss_peak_nbytes),
        "arrays": f"{stats.count:,} from {stats.stacks:,} places",
        "events": "none: a continuous recording counts arrays"
        if run.is_counted_only
        else f"{stats.events:,} of arrays of {_write_exactly(stats.threshold_nbytes)} and more",
        "dropped": f"{stats.dropped:,} events",
        **({"left out": f"{stats.left_out:,} events of buffers long gone"} if stats.left_out else {}),
        "threads": f"{stats.threads:,} with such arrays",
    }
    lines = [f"{name:<18}{text}" for name, text in rows.items()]
    if stats.sizes:
        lines += ["", f"{'size':<20}{'arrays':>12}{'total':>12}"]
    for size in stats.sizes:
        span = f"{format_nbytes(size.min_nbytes)} to {format_nbytes(size.max_nbytes + 1)}"
        lines.append(f"{span:<20}{size.count:>12,}{format_nbytes(size.total_nbytes):>12}")
    stream.write(encodable("\n".join(lines) + "\n", getattr(stream, "encoding", None)))


def _native_rows(stats: Stats) -> dict[str, str]:
    """Write the totals of native blocks, and those of both kinds together."""
    native, threshold = stats.domains.native, stats.native_threshold_nbytes
    if native is None or threshold is None or stats.total_peak_nbytes is None:
        return {"native": "not tracked"}
    return {
        "native": f"blocks of {_write_exactly(threshold)} and more",
        "native peak": _write_exactly(native.peak_nbytes),
        "native at the end": _write_exactly(native.live_nbytes),
        "native total": _write_exactly(native.total_nbytes),
        "arrays and native": f"{_write_exactly(stats.total_peak_nbytes)} at most at one moment",
    }


def _write_exactly(nbytes: int) -> str:
    return f"{format_nbytes(nbytes)} ({nbytes:,} bytes)"
