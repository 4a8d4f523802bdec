"""Native memory on top of the arrays: measured in a fresh interpreter, where the preloaded library sees malloc."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.errors import PredictionError

from .climb import Budget, Climbed, Ladder
from .fit import Basis, grow
from .fresh import FreshChild
from .match import live_bytes
from .pace import carry_seconds
from .work import Request

if TYPE_CHECKING:
    from ndmem.model.raw_run import RawRun

    from .arguments import Arguments
    from .work import Meter

_STEPS = (4, 5, 6, 7, 8)
_LONGEST_S = 0.25
_ENOUGH_NBYTES = 2**25
_NATIVE = 1
_LEAST_S = 8.0
"""A fresh interpreter has to import what the function needs."""


@dataclass(frozen=True, slots=True)
class Native:
    """Native memory at the peak of arrays and native blocks together.

    Attributes
    ----------
    nbytes : int or None
        Bytes beyond the peak of arrays; ``None`` where they are not known.
    why : str
        Why they are not known.
    """

    nbytes: int | None
    why: str = ""


@contextlib.contextmanager
def open_fresh(
    function: Callable[..., Any],
    arguments: Arguments,
    meter: Meter,
    environment: Mapping[str, str] | str,
    *,
    budget: Budget,
    sandbox: bool,
) -> Iterator[FreshChild | str]:
    """Start an interpreter that sees native memory, to be ready when the arrays are known; or say why there is none."""
    if isinstance(environment, str):
        yield environment
        return
    try:
        child = FreshChild(function, arguments, meter, environment=environment, memory=budget.memory, sandbox=sandbox)
    except PredictionError as error:
        yield str(error)
        return
    with child:
        child.start()
        yield child


def measure_native(ladder: Ladder, climbed: Climbed, child: FreshChild | str) -> Native:
    """Measure how much more than arrays is taken at a few sizes, and carry it to the real one."""
    if isinstance(child, str):
        return Native(None, child)
    ladder.progress("native memory")
    line, target = ladder.line, ladder.line.target
    if climbed.real is not None or not target:
        ts: tuple[int, ...] = (target,)
    else:
        ts = _choose_sizes(ladder, _choose_scale(ladder, climbed))
    try:
        _measure(ladder, child, line.at(ts[0]))  # imports, and what BLAS takes once
        found = [_measure(ladder, child, line.at(t)) for t in ts]
    except PredictionError as error:
        return Native(None, str(error))
    if len(ts) == 1:
        return Native(found[0])
    sizes = np.array(found, np.int64)
    if len(set(np.diff(ts).tolist())) == 1:
        return Native(int(grow(line, ts, sizes[:, None], target).nbytes[0]))
    return Native(Basis(line, ts, target).grow(sizes)[0])


def _choose_sizes(ladder: Ladder, scale: int) -> tuple[int, ...]:
    """Return where to measure: if all real lengths have small prime factors alone, where that is so too.

    The work memory of a Fourier transform grows fourfold where a length has a large one.
    """
    line = ladder.line
    scaled = [name for name, step in line.step.items() if step]
    even = tuple(scale * step for step in _STEPS)
    if not all(_is_smooth(ladder.arguments.lengths[name]) for name in scaled):
        return even
    smooth = [t for t in range(even[0], even[-1] + 1) if all(_is_smooth(line.at(t)[name]) for name in scaled)]
    return (smooth[0], smooth[len(smooth) // 2], smooth[-1]) if len(smooth) >= 3 else even


def _is_smooth(length: int) -> bool:
    for prime in (2, 3, 5, 7):
        while length % prime == 0 and length:
            length //= prime
    return length == 1


def _choose_scale(ladder: Ladder, climbed: Climbed) -> int:
    """Return the largest rung that takes little time and memory: small blocks are not reported."""
    names = [name for name, step in ladder.line.step.items() if step][:3]
    scale = max(climbed.points[0].t // _STEPS[0], 1)
    while True:
        t = 2 * scale * _STEPS[-1]
        if t > ladder.line.target or ladder.needs(t, climbed) > min(_ENOUGH_NBYTES, ladder.budget.memory // 3):
            return scale
        if carry_seconds(ladder.times, names, ladder.line.at(t)) > _LONGEST_S:
            return scale
        scale *= 2


def _measure(ladder: Ladder, child: FreshChild, lengths: Mapping[str, int]) -> int:
    """Return the bytes that native blocks put on top of the peak of arrays."""
    answer = child.ask(Request(dict(lengths)), max(ladder.left(), _LEAST_S))
    if answer.error:
        raise PredictionError(f"it fails in another interpreter: {answer.error}")
    run: RawRun = ladder.meter.read(answer.parts)
    arrays = live_bytes(run, run.nbytes)
    native = live_bytes(run, run.nbytes, domain=_NATIVE)
    return int((arrays + native).max(initial=0)) - int(arrays.max(initial=0))
