"""Runs in which there is nothing to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.background import native_matters
from ndmem.analysis.index import fact
from ndmem.model.trace import Origin

from .mapped import mapped_matters

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex


@fact
def is_empty_run(index: TraceIndex) -> bool:
    """Tell whether a program had no arrays, no native memory of its own lines to speak of, and no recorded children.

    It also ended by itself, and there is no note on what was not recorded.
    """
    trace = index.trace
    run = trace.run
    if trace.origin is not Origin.MEASURED or not run.program or run.is_cut or run.notes:
        return False
    if run.refusal is not None or trace.before is not None:
        return False
    has_memory = trace.peak.nbytes or native_matters(index) or mapped_matters(index)
    return not has_memory and len(index.family.members) < 2


def fits_one_sentence(index: TraceIndex) -> bool:
    """Tell whether a report need only say that a run is empty: its family has no notes, and no job asked for memory."""
    return is_empty_run(index) and not index.family.notes and index.job is None
