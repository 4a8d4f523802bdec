"""Refuse a trace whose columns contradict each other, so that no view needs to doubt an index."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.model.columns import Domain
from ndmem.units import ADDRESSABLE_NBYTES

from .layout import COMPACTED

if TYPE_CHECKING:
    from ndmem.model.columns import Int64s
    from ndmem.model.trace import Trace


def check_trace(trace: Trace) -> None:
    """Refuse columns that contradict each other, so that no view needs to doubt an index."""
    tree, events = trace.tree, trace.events
    marks = trace.compacted
    for group in (tree, trace.tallies, events, trace.rss, marks):
        if len({len(getattr(group, f.name)) for f in dataclasses.fields(group)}) != 1:
            raise ValueError(f"the columns of {type(group).__name__} have unequal lengths")
    nodes, births = len(tree), int(np.count_nonzero(events.kind == 0))
    if len(trace.tallies.count) != nodes:
        raise ValueError("tallies and tree have unequal lengths")
    ranges: dict[str, tuple[Any, int, int]] = {
        "tree/site": (tree.site, 0, len(trace.sites)),
        "tree/parent": (tree.parent - np.arange(nodes), -nodes, 0),
        "events/stack": (events.stack, 0, nodes),
        "events/buffer": (events.buffer, 0, births),
        "events/kind": (events.kind, 0, 2),
        "events/nbytes": (events.nbytes, 0, ADDRESSABLE_NBYTES),
        "tree/domain": (tree.domain, 0, Domain.DEVICE),
        "events/domain": (events.domain, 0, Domain.DEVICE),
        "origins": (np.array(list(trace.origins), np.int64), 0, births),
        "forms": (np.array(list(trace.forms), np.int64), 0, births),
        "deep/stacks": (_deep_stacks(trace), 0, nodes),
        "rss/time_ns": (trace.rss.time_ns, 0, ADDRESSABLE_NBYTES),
        "rss/nbytes": (trace.rss.nbytes, 0, ADDRESSABLE_NBYTES),
        "folded/events": (marks.events, 0, len(events) + 1),
        **{f"folded/{name}": (getattr(marks, name), 0, ADDRESSABLE_NBYTES) for name in COMPACTED if name != "events"},
        "budget_nbytes": (np.array([trace.run.budget_nbytes or 0]), 0, ADDRESSABLE_NBYTES),
    }
    for name, peak in (("peak", trace.peak), ("native", trace.native), ("total", trace.total)):
        if peak is not None:
            ranges[f"{name}/nbytes"] = (np.array([peak.nbytes]), 0, ADDRESSABLE_NBYTES)
            ranges[f"{name}/stack"] = (np.array([peak.stack]), -1, nodes)
            ranges[f"{name}/events"] = (np.array([peak.events]), 0, len(events) + 1)
    for name, (values, low, high) in ranges.items():
        if len(values) and not (low <= values.min() and values.max() < high):
            raise ValueError(f"{name} is out of range")
    if (tree.parent < -1).any():
        raise ValueError("tree/parent is out of range")
    if len({found is None for found in (trace.native, trace.total, trace.run.native_threshold)}) != 1:
        raise ValueError("it is not clear whether native memory was watched")
    if (events.domain != events.domain[events.kind == 0][events.buffer]).any():
        raise ValueError("events/domain of a death is not that of its birth")
    if (np.diff(marks.events) < 0).any():
        raise ValueError("folded/events falls")
    if trace.native_live().min(initial=0) < 0:
        raise ValueError("more native bytes died than were born")


def _deep_stacks(trace: Trace) -> Int64s:
    if trace.deep is None:
        return np.empty(0, np.int64)
    stacks = [each.stacks for each in trace.deep.values] + [each.stacks for each in trace.deep.equal]
    return np.array([node for each in stacks for node in each], np.int64)
