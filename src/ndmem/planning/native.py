"""Native memory on top of the arrays: measured in a fresh interpreter, where the preloaded library sees malloc."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.errors import PredictionError

from .climb import Budget, Climbed, Ladder
from .fit import Basis, grow
from .fresh import FreshChild
from .match import live_bytes
from .work import Request

if TYPE_CHECKING:
    from ndmem.model.raw_run import RawRun

    from .arguments import Arguments
    from .work import Meter

_STEPS = (4, 5, 6, 7, 8)
_LONGEST_S = 0.2
_ENOUGH_NBYTES = 2**26
_NATIVE = 1
_SLIGHT = 0.02
_FAR = 0.5
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
        ts = ()
    try:
        # The first run has imports in it, and what BLAS takes once.
        _measure(ladder, child, line.at(ts[0] if ts else climbed.points[0].t))
        ts = ts or _choose_sizes(ladder, _choose_scale(ladder, climbed, child))
        found = [_measure(ladder, child, line.at(t)) for t in ts]
    except PredictionError as error:
        return Native(None, str(error))
    if len(ts) == 1:
        return Native(found[0])
    return _carry(ladder, ts, found, ladder.needs(ts[-1], climbed))


def _carry(ladder: Ladder, ts: tuple[int, ...], found: list[int], arrays: int) -> Native:
    """Carry native bytes to the real size, unless they are too few to be told from a block now and then."""
    line, target, sizes = ladder.line, ladder.line.target, np.array(found, np.int64)
    if max(found) <= _SLIGHT * arrays:
        return Native(max(found))
    if len(set(np.diff(ts).tolist())) == 1:
        grown = grow(line, ts, sizes[:, None], target)
        nbytes, error = int(grown.nbytes[0]), float(grown.error[0])
    else:
        nbytes, error = Basis(line, ts, target).grow(sizes)
    if error > _FAR:
        return Native(None, "it grew too unevenly over the sizes that were measured")
    return Native(nbytes)


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


def _choose_scale(ladder: Ladder, climbed: Climbed, child: FreshChild) -> int:
    """Return the largest rung that takes little time and memory: small blocks are not reported."""
    scale = max(climbed.points[0].t // _STEPS[0], 1)
    most = min(_ENOUGH_NBYTES, ladder.budget.memory // 3)
    while 2 * scale * _STEPS[-1] <= ladder.line.target and ladder.needs(2 * scale * _STEPS[-1], climbed) <= most:
        started = time.monotonic()
        _measure(ladder, child, ladder.line.at(scale * _STEPS[-1]))
        if time.monotonic() - started > _LONGEST_S:
            break
        scale *= 2
    return scale


def _measure(ladder: Ladder, child: FreshChild, lengths: Mapping[str, int]) -> int:
    """Return the bytes that native blocks put on top of the peak of arrays."""
    answer = child.ask(Request(dict(lengths)), max(ladder.left(), _LEAST_S))
    if answer.error:
        raise PredictionError(f"it fails in another interpreter: {answer.error}")
    run: RawRun = ladder.meter.read(answer.parts)
    arrays = live_bytes(run, run.nbytes)
    native = live_bytes(run, run.nbytes, domain=_NATIVE)
    return int((arrays + native).max(initial=0)) - int(arrays.max(initial=0))
