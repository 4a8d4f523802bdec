"""Run the function at the real size with large arrays backed by a small shared window."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ndmem.errors import PredictionError
from ndmem.planning.arguments.real.sample_data import Sample
from ndmem.planning.strategy.runs.ghost_run import choose_threshold
from ndmem.planning.worker.process.fork_or_spawn import choose_child
from ndmem.planning.worker.process.forked import ChildDiedError, ChildTimeoutError
from ndmem.planning.worker.process.stall import StalledError
from ndmem.platform.system import IS_LINUX
from ndmem.units import format_nbytes

from .confidence import Confidence
from .extrapolation.replayed_trace import build_trace
from .meter import Meter
from .worker.protocol import Answer, Ask, Request
from .worker.sandbox.uncontained import UncontainedError

if TYPE_CHECKING:
    from .arguments.arguments import Arguments
    from .forecast import Forecast

_AGREE = 0.001


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
    """Run the real size as a ghost, and compare its peak with the prediction.

    Parameters
    ----------
    function, arguments, meter
        The arguments of the prediction.
    found : Forecast
        The prediction.
    timeout : float
        Seconds.
    memory : int
        Bytes that the run may use besides the windows of its ghosts.
    sandbox : bool
        Refuse operations with effects outside the child process.

    Returns
    -------
    Forecast
        With the peak of the ghost run. If it differs from the prediction, sizes depend on values, and the values of a
        ghost are arbitrary, or the real size takes another path: the label is then rough.

    Raises
    ------
    PredictionError
        If the function does not return: it cannot be verified.
    """
    if not IS_LINUX:
        raise PredictionError("it cannot be verified on this system: ghosts need Linux")
    resident, threshold = _Resident(), choose_threshold(found.line, found.findings)
    with choose_child(function, arguments, meter, memory=memory, sandbox=sandbox) as child:
        try:
            request = Request(arguments.lengths, Sample.GHOST, Ask.GHOST, threshold=threshold)
            answer = child.ask(request, timeout, resident.sample)
        except (ChildDiedError, ChildTimeoutError, StalledError, UncontainedError) as error:
            raise PredictionError(
                f"it cannot be verified: in ghost mode (array contents are arbitrary) {error}"
            ) from None
    if answer.error:
        where = f" at {answer.where}" if answer.where else ""
        raise PredictionError(
            f"it cannot be verified: it fails in ghost mode (array contents are arbitrary){where}: {answer.error}"
        )
    return _compare(found, answer, meter, resident=resident.nbytes, threshold=threshold)


def _compare(found: Forecast, answer: Answer, meter: Meter, *, resident: int | None, threshold: int) -> Forecast:
    """Return the prediction with the figures of the ghost run."""
    measured, _ = meter.read(answer.parts)
    trace, _ = build_trace(measured, measured.events, answer.call_frame)
    peak = measured.peak.nbytes
    trace = replace(trace, peak=replace(trace.peak, nbytes=peak), run=replace(trace.run, duration_s=answer.seconds))
    # Where it makes too many buffers to record all, the small ones are missing in its peak.
    agrees = abs(peak - found.nbytes) <= (0 if threshold == 1 else _AGREE * found.nbytes)
    difference = f"the ghost run needed {format_nbytes(peak)}, small runs predict {format_nbytes(found.nbytes)}"
    return replace(
        found,
        nbytes=peak,
        confidence=Confidence.VERIFIED if agrees else Confidence.ROUGH,
        low=peak if agrees else min(peak, found.low),
        high=peak if agrees else max(peak, found.high),
        reason="" if agrees else difference,
        seconds=answer.seconds,
        trace=trace,
        formulas=found.formulas if agrees and peak == found.nbytes else None,
        measured_buffers=None,
        ghost_nbytes=resident,
    )


class _Resident:
    """Highest memory of a process in RAM, as Pss: VmRSS counts a window as often as it is mapped."""

    def __init__(self) -> None:
        self.nbytes: int | None = None

    def sample(self, pid: int) -> None:
        """Take a sample."""
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii", "replace")
        except OSError:  # Linux before 4.14, or the process has just ended
            return
        found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
        if found:
            self.nbytes = max(self.nbytes or 0, int(found[1]) * 1024)
