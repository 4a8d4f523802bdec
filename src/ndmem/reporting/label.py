"""The label of a prediction: in plain words for a reader, and short with its factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.planning.confidence import Confidence
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from ndmem.reporting.predicted import Labelled


def describe_label(found: Labelled) -> str:
    """Write in plain words what a prediction is based on, and how far off it may be."""
    smaller = f"runs with dimensions at least {found.factor:,.{_digits(found)}f} times shorter"
    low, high = map(format_nbytes, found.interval)
    return {
        Confidence.MEASURED: "measured by a run of this size",
        Confidence.VERIFIED: "confirmed by a large run, to the byte",
        Confidence.EXACTLY: f"computed from {smaller}: all fit to the byte",
        Confidence.EXTRAPOLATED: f"estimated from {smaller}, within {_write_error(found)}",
        Confidence.ROUGH: f"only a rough estimate: {low} to {high} of arrays",
    }[found.confidence]


def describe_confidence(found: Labelled) -> str:
    """Write the label of a prediction with its factor, or with its interval, in a few words."""
    low, high = found.interval
    if found.confidence is Confidence.ROUGH:
        return f"rough ({format_nbytes(low)} to {format_nbytes(high)} of arrays)"
    if found.confidence in (Confidence.MEASURED, Confidence.VERIFIED):
        return str(found.confidence.value)
    extrapolated = f"extrapolated \N{MULTIPLICATION SIGN}{found.factor:,.{_digits(found)}f}"
    if found.confidence is Confidence.EXACTLY:
        return f"{extrapolated}, all sizes fit exactly"
    return f"{extrapolated}, within {_write_error(found)}"


def _digits(found: Labelled) -> int:
    return 0 if found.factor >= 10 else 1


def _write_error(found: Labelled) -> str:
    """Write how far off the peak may be, as a percentage."""
    low, high = found.interval
    off = max(high - found.peak, found.peak - low) / max(found.peak, 1)
    return f"{max(off * 100, 0.01):.2g} %"
