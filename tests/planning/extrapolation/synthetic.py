"""Runs that are written down instead of measured."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ndmem.model.columns import CallTree, Domain, Events, Kind, Tallies
from ndmem.model.site import Site
from ndmem.model.trace import Origin, Peak, RunInfo, Trace
from ndmem.planning.extrapolation.match import Point, StackNumbers

CALL_FRAME = ("/ndmem/work.py", "call")

Step = tuple[str, str, int]
"""A birth ``("+", stack, bytes)``, or a death ``("-", stack, number of the buffer)``; a stack: ``"caller/callee"``."""


def make_trace(steps: Sequence[Step]) -> Trace:
    """Return a run with these births and deaths; each name in a stack is a function of ``user.py``."""
    paths = sorted({"/".join(stack.split("/")[: i + 1]) for _, stack, _ in steps for i in range(stack.count("/") + 1)})
    numbers = {"": 0, **{path: i for i, path in enumerate(paths, 1)}}
    names = sorted({path.rpartition("/")[2] for path in paths})
    sites = [Site(*CALL_FRAME[:1], 1, 1, None, None, CALL_FRAME[1])]
    sites += [Site("user.py", _line_of(name), _line_of(name), None, None, name) for name in names]
    n = len(numbers)
    site = np.array([0] + [1 + names.index(path.rpartition("/")[2]) for path in paths], np.int32)
    tree = CallTree(
        parent=np.array([-1] + [numbers[path.rpartition("/")[0]] for path in paths], np.int32),
        site=site,
        code=site,
        offset=np.array([2 * each.lineno for each in sites], np.int32)[site],
        stores=np.zeros(n, np.bool_),
        domain=np.full(n, Domain.ARRAY, np.uint8),
    )
    zeros = np.zeros(n, np.int64)
    events = _make_events(steps, numbers)
    highest = int(events.live.argmax()) if len(steps) else 0
    return Trace(
        origin=Origin.MEASURED,
        run=RunInfo((), "3.14.0", "2.4.0", None, 1, 0.0, 0.5, 1),
        sites=tuple(sites),
        tree=tree,
        tallies=Tallies(zeros, zeros, zeros, zeros, zeros, zeros, zeros),
        events=events,
        peak=Peak(int(events.live.max(initial=0)), int(events.stack[highest]) if len(steps) else -1, highest + 1),
        holders=(),
        dropped=0,
        sources={},
    )


def _line_of(name: str) -> int:
    return sum(name.encode("ascii"))


def _make_events(steps: Sequence[Step], numbers: dict[str, int]) -> Events:
    sizes = [value for sign, _, value in steps if sign == "+"]
    births = iter(range(len(sizes)))
    buffer = np.array([next(births) if sign == "+" else value for sign, _, value in steps], np.int64)
    nbytes = np.array([sizes[number] for number in buffer.tolist()], np.int64)
    kind = np.array([Kind.BORN if sign == "+" else Kind.DIED for sign, _, _ in steps], np.uint8)
    m = len(steps)
    return Events(
        kind=kind,
        domain=np.full(m, Domain.ARRAY, np.uint8),
        thread=np.zeros(m, np.uint16),
        stack=np.array([numbers[stack] for _, stack, _ in steps], np.int32),
        buffer=buffer,
        nbytes=nbytes,
        live=np.cumsum(np.where(kind == Kind.BORN, nbytes, -nbytes)),
        time_ns=np.zeros(m, np.int64),
        within=np.full(m, -1, np.int16),
    )


def make_point(t: int, steps: Sequence[Step], numbers: StackNumbers | None = None, **options: Any) -> Point:
    """Return a run at a position of the line; `numbers` is shared by the runs that are compared."""
    trace = make_trace(steps)
    place = (numbers or StackNumbers()).number(trace)[trace.events.stack]
    chosen: dict[str, Any] = {"by_operator": np.zeros(len(steps), np.bool_), "seconds": 0.001, "lengths": {"n": t}}
    return Point(t=t, trace=trace, place=place, call_frame=CALL_FRAME, **{**chosen, **options})
