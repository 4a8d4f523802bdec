"""The totals of a run, as text and as JSON."""

from __future__ import annotations

import dataclasses
import json
from typing import IO, TYPE_CHECKING

from ndmem.analysis.stats import compute_stats
from ndmem.units import format_nbytes

from .plain import encodable, plain

if TYPE_CHECKING:
    from ndmem.model.trace import Trace


def write_stats_json(trace: Trace, stream: IO[str]) -> None:
    """Write the totals of a run as one JSON object, with the fields of `ndmem.analysis.stats.Stats`."""
    stream.write(json.dumps(dataclasses.asdict(compute_stats(trace)), indent=1) + "\n")


def write_stats(trace: Trace, stream: IO[str]) -> None:
    """Write the totals of a run, and a line for each order of size, to a text stream."""
    stats, run = compute_stats(trace), trace.run
    rows = {
        "program": plain(" ".join(run.program)) or "code tracked from inside",
        "versions": f"Python {run.python}, " + (f"NumPy {run.numpy}" if run.numpy else "NumPy was not imported"),
        "exit status": "-" if run.exit_status is None else str(run.exit_status),
        "duration": f"{stats.duration_s:.3g} s",
        "peak": _exactly(stats.peak_nbytes),
        "alive at the end": _exactly(stats.live_nbytes_at_end),
        "total": _exactly(stats.total_nbytes),
        "arrays": f"{stats.count:,} from {stats.stacks:,} places",
        "events": f"{stats.events:,} of arrays of {_exactly(stats.threshold_nbytes)} and more",
        "dropped": f"{stats.dropped:,} events",
        "threads": f"{stats.threads:,} with such arrays",
    }
    lines = [f"{name:<18}{text}" for name, text in rows.items()]
    if stats.sizes:
        lines += ["", f"{'size':<20}{'arrays':>12}{'total':>12}"]
    for size in stats.sizes:
        span = f"{format_nbytes(size.min_nbytes)} to {format_nbytes(size.max_nbytes + 1)}"
        lines.append(f"{span:<20}{size.count:>12,}{format_nbytes(size.total_nbytes):>12}")
    stream.write(encodable("\n".join(lines) + "\n", getattr(stream, "encoding", None)))


def _exactly(nbytes: int) -> str:
    return f"{format_nbytes(nbytes)} ({nbytes:,} bytes)"
