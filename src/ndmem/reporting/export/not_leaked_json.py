"""What looks like a leak and is none, as JSON; ``docs/reference/json.md`` defines each field."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ndmem.analysis.over_time.not_leaked import find_not_leaked
from ndmem.model.trace import Origin

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex


def not_leaked_fields(index: TraceIndex) -> dict[str, Any] | None:
    """Return the figures of `not_leaked_sentences`; ``None`` for a prediction, and if events were lost."""
    if index.trace.origin is Origin.PREDICTED or index.trace.dropped:
        return None
    return asdict(find_not_leaked(index))
