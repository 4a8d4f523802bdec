"""The real function at the real size, its large arrays laid over small windows of memory."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ndmem.errors import PredictionError
from ndmem.units import format_nbytes

from .child import Child, ChildDiedError, ChildTimeoutError
from .label import Confidence
from .predicted_trace import build_trace
from .request import Ask, Request
from .samples import Sample
from .stillness import StuckError
from .work import Meter, Worker

if TYPE_CHECKING:
    from .arguments import Arguments
    from .forecast import Forecast

_AGREE = 0.01


def verify_as_ghost(
    function: Callable[..., Any],
    arguments: Arguments,
    meter: Meter,
    found: Forecast,
    *,
    timeout: float,
    memory: int,
    sandbox: bool,
) -> Forecast:
    """Run the real size as a ghost, and return what that says.

    Parameters
    ----------
    function, arguments, meter
        As they were predicted.
    found : Forecast
        The prediction.
    timeout : float
        Seconds.
    memory : int
        Bytes that it may take besides its ghosts.
    sandbox : bool
        Refuse what reaches beyond the child.

    Returns
    -------
    Forecast
        With the peak that was measured. Where it differs from the prediction by more than 1 % the sizes depend on
        values, which a ghost has not: the label is then low.

    Raises
    ------
    PredictionError
        If the function does not come to its end: it cannot be verified.
    """
    if sys.platform != "linux":
        raise PredictionError("it cannot be verified here: ghosts need Linux")
    resident = _Resident()

    def make_worker(refused: list[str]) -> Worker:
        return Worker(function, arguments, meter, refused)

    with Child(make_worker, memory=memory, sandbox=sandbox) as child:
        try:
            answer = child.ask(Request(arguments.lengths, Sample.GHOST, Ask.HAUNT), timeout, resident.look)
        except (ChildDiedError, ChildTimeoutError, StuckError) as error:
            raise PredictionError(f"it cannot be verified: {error} as a ghost, whose values make no sense") from None
    if answer.error:
        where = f" at {answer.where}" if answer.where else ""
        raise PredictionError(
            f"it cannot be verified: as a ghost, whose values make no sense, it fails{where}: {answer.error}"
        )
    measured = meter.assemble(answer.parts)
    trace, _ = build_trace(measured, measured.events)
    peak = measured.peak.nbytes
    trace = replace(trace, peak=replace(trace.peak, nbytes=peak), run=replace(trace.run, duration_s=answer.seconds))
    agrees = abs(peak - found.nbytes) <= _AGREE * max(peak, found.nbytes)
    reason = "" if agrees else f"the ghost had {format_nbytes(peak)}, small sizes say {format_nbytes(found.nbytes)}"
    return replace(
        found,
        nbytes=peak,
        confidence=Confidence.GHOST_VERIFIED if agrees else Confidence.LOW,
        low=peak if agrees else min(peak, found.low),
        high=peak if agrees else max(peak, found.high),
        reason=reason,
        seconds=answer.seconds,
        trace=trace,
        formulas=found.formulas if agrees and peak == found.nbytes else None,
        were=None,
        ghost_nbytes=resident.nbytes,
    )


class _Resident:
    """The most that a process had in RAM: its proportional share, for each window counts as often as it is mapped."""

    def __init__(self) -> None:
        self.nbytes: int | None = None

    def look(self, pid: int) -> None:
        """Look at it now."""
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii", "replace")
        except OSError:  # an old kernel, or it has just ended
            return
        found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
        if found:
            self.nbytes = max(self.nbytes or 0, int(found[1]) * 1024)
