"""Run the function at sizes on a line, within a time limit and a memory limit, and keep what every run reports."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf, isfinite, isinf
from typing import TYPE_CHECKING

import numpy as np

from ndmem.phrasing import current_phrasing
from ndmem.planning.arguments.real.sample_data import Sample
from ndmem.planning.extrapolation.estimate import estimate_peak
from ndmem.planning.extrapolation.match import Point, StackNumbers, mark_operators
from ndmem.planning.extrapolation.polynomials import extrapolate_sizes
from ndmem.planning.extrapolation.run_time import extrapolate_cost
from ndmem.planning.worker.code.code_scan import Code, Instruction
from ndmem.planning.worker.process.forked import ChildTimeoutError
from ndmem.planning.worker.protocol import Answer, Ask, Request

from .effort import count_effort, extrapolate_lines
from .failure import FunctionFailedError, explain_failure, write_size

if TYPE_CHECKING:
    from ndmem.planning.arguments.arguments import Arguments
    from ndmem.planning.extrapolation.size_line import Line
    from ndmem.planning.meter import Meter
    from ndmem.planning.worker.process.forked import Child

    from .time_limit import TimeLimit

    Costs = tuple[tuple[Mapping[str, int], float], ...]


_GRACE = 0.5
"""Seconds that a worker has to stop a run itself."""

_BUSY = 2.0
"""How many seconds a second of processor time may last for the timeout to suffice: other processes run, too."""

_WALL_SHARE = 0.5
"""Part of the time left after which a run is stopped that may be stopped, though it has used little processor time."""

_NOISE = 0.3
"""Relative difference of the times of two equal runs, on a busy machine."""

_GRAIN = 0.01
"""Seconds by which processor times of two equal runs may differ: the kernel may count in ticks of 4 ms."""

_MOSTLY_MEMORY = 3e-5
"""Seconds of processor time for each unit of work below which a run mostly writes memory: then both grow alike."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of the measurements.

    Attributes
    ----------
    seconds : float
        Time for all measurements together.
    memory : int
        Bytes that one run may use.
    """

    seconds: float
    memory: int


@dataclass(slots=True)
class _Log:
    """What the runs have reported so far; only `Measurements` writes to it."""

    numbers: StackNumbers = field(default_factory=StackNumbers)
    refused: set[str] = field(default_factory=set)
    times: list[tuple[Mapping[str, int], float]] = field(default_factory=list)
    processor_times: list[tuple[Mapping[str, int], float]] = field(default_factory=list)
    durations: list[tuple[Mapping[str, int], float]] = field(default_factory=list)
    whole_processor_times: list[tuple[Mapping[str, int], float]] = field(default_factory=list)
    processor_seconds: list[float] = field(default_factory=list)
    efforts: list[tuple[Mapping[str, int], float]] = field(default_factory=list)
    codes: dict[int, Code] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measurements:
    """Runs a function at sizes on a line.

    Attributes
    ----------
    line, arguments, meter, child
        The sizes, the arguments of the call, the meter, and the process that calls the function.
    memory : int
        Bytes that one run may use.
    time_limit : TimeLimit
        Timeout for all measurements together.
    progress : callable
        Called with a short text before each run.
    """

    line: Line
    arguments: Arguments
    meter: Meter
    child: Child
    memory: int
    time_limit: TimeLimit
    progress: Callable[[str], None]
    _log: _Log = field(default_factory=_Log, repr=False)

    def restart(self, child: Child) -> Measurements:
        """Return measurements in another child that have made no run yet; the time limit goes on."""
        return replace(self, child=child, _log=_Log(processor_seconds=self._log.processor_seconds.copy()))

    @property
    def refused(self) -> frozenset[str]:
        """Operations of the function that the sandbox refused in any run."""
        return frozenset(self._log.refused)

    @property
    def memory_for_growth(self) -> int:
        """Bytes that a run at a larger size may be predicted to need: predictions may be wrong by a factor."""
        return self.memory // 2

    def processor_left(self) -> float:
        """Return the seconds of processor time left: part of the timeout, so that a busy machine can keep it too."""
        return self.time_limit.seconds / _BUSY - sum(self._log.processor_seconds)

    def measure(self, t: int, *, processor_limit: float = inf, with_rss: bool = False) -> Point:
        """Run the function at a position of the line.

        Parameters
        ----------
        t : int
            The position.
        processor_limit : float
            Seconds of processor time after which the run is stopped; `Point.is_cut` tells whether it was.
        with_rss : bool
            Measure how far resident memory rises, too.

        Raises
        ------
        PredictionError
            If the function fails there, or exceeds the time limit.
        """
        return self._measure(self._limit(Request(self.line.at(t), with_rss=with_rss), processor_limit), t=t)

    def measure_at(
        self, lengths: Mapping[str, int], *, t: int = -1, sample: Sample = Sample.FIRST, processor_limit: float = inf
    ) -> Point:
        """Run the function at any lengths; runs with a position `t` on the line count for extrapolations of costs."""
        return self._measure(self._limit(Request(dict(lengths), sample), processor_limit), t=t)

    def run_ghost(self, t: int, *, threshold: int, processor_limit: float) -> Point:
        """Run the function at a position of the line with large arrays backed by a small shared window.

        Parameters
        ----------
        t : int
            The position.
        threshold : int
            Smaller buffers are not recorded, bytes.
        processor_limit : float
            Seconds of processor time after which the run is stopped.

        Raises
        ------
        PredictionError
            If the function fails with arbitrary values, or exceeds the time limit.
        """
        request = Request(self.line.at(t), Sample.GHOST, Ask.GHOST, threshold=threshold)
        return self._measure(self._limit(request, processor_limit), t=-1)

    def _measure(self, request: Request, *, t: int) -> Point:
        self.progress(write_size(request.lengths) + (" as a ghost" if request.ask is Ask.GHOST else ""))
        started, used = self.time_limit.clock(), time.thread_time()
        answer = self._ask(request)
        trace, lost = self.meter.read(answer.parts)
        point = Point(
            t=t,
            lengths=request.lengths,
            trace=trace,
            place=self._log.numbers.number(trace)[trace.events.stack],
            by_operator=mark_operators(trace, self._operators())[trace.events.stack],
            seconds=answer.seconds,
            call_frame=answer.call_frame,
            inputs_nbytes=answer.inputs_nbytes,
            lost=lost,
            is_cut=answer.is_cut,
            processor_seconds=answer.processor_seconds,
            rss_growth_nbytes=answer.rss_growth_nbytes,
        )
        used = time.thread_time() - used
        self._log.processor_seconds.append(used)
        if t >= 0:
            self._log.durations.append((point.lengths, self.time_limit.clock() - started))
            self._log.whole_processor_times.append((point.lengths, answer.whole_processor_seconds + used))
        if t >= 0 and not point.is_cut:
            self._log.times.append((point.lengths, point.seconds))
            self._log.processor_times.append((point.lengths, point.processor_seconds))
            self._log.efforts.append((point.lengths, self.count_effort(point)))
        return point

    def scan(self, t: int, *, processor_limit: float = inf) -> Code:
        """Return the contents of the code that runs at a position of the line; scans each position once."""
        if t not in self._log.codes:
            self._log.codes[t] = self._ask(self._limit(Request(self.line.at(t), ask=Ask.SCAN), processor_limit)).code
        return self._log.codes[t]

    def scans(self) -> list[tuple[int, Code]]:
        """Return the positions that were scanned and the contents found there, in the order of their sizes."""
        return sorted(self._log.codes.items(), key=lambda scan: scan[0])

    def measure_rss(self, t: int) -> int | None:
        """Run the function without recording, and return how far resident memory rises, if the system reports it."""
        return self._ask(self._limit(Request(self.line.at(t), ask=Ask.RSS, with_rss=True), inf)).rss_growth_nbytes

    def count_effort(self, point: Point) -> float:
        """Return the work of a run in machine-independent units."""
        scans = [(self.line.at(t), code.line_count) for t, code in self.scans()]
        return count_effort(point, extrapolate_lines(scans, point.lengths))

    def total_effort(self) -> float:
        """Return the work of all runs on the line."""
        return sum(effort for _, effort in self._log.efforts)

    def estimate_effort(self, t: int) -> float:
        """Extrapolate the work of a run at a position of the line; infinite if no run on the line has returned."""
        return self._extrapolate(self._log.efforts, t)

    def estimate_seconds(self, t: int) -> float:
        """Extrapolate the duration of a run at a position of the line; infinite if no run on the line has returned."""
        return self._extrapolate(self._log.times, t, noise=_NOISE)

    def estimate_processor_seconds(self, t: int) -> float:
        """Extrapolate the processor time of a run; unlike the duration it hardly depends on other processes."""
        if self._log.efforts:
            seconds, effort = self._log.processor_times[-1][1], self._log.efforts[-1][1]
            if _GRAIN < seconds < _MOSTLY_MEMORY * effort:
                return seconds / effort * self.estimate_effort(t)
        return self._extrapolate(self._log.processor_times, t, noise=_NOISE, grain=_GRAIN)

    def estimate_whole_processor_seconds(self, t: int) -> float:
        """Extrapolate the processor time of a request: making the arguments and recording count."""
        return self._extrapolate(self._log.whole_processor_times, t, noise=_NOISE, grain=_GRAIN)

    def estimate_duration(self, t: int) -> float:
        """Extrapolate the seconds from a request to its answer."""
        return self._extrapolate(self._log.durations, t, noise=_NOISE)

    def _extrapolate(
        self, costs: Sequence[tuple[Mapping[str, int], float]], t: int, *, noise: float = 0.0, grain: float = 0.0
    ) -> float:
        if not costs:
            return inf
        return extrapolate_cost(costs, self.line.scaled()[:3], self.line.at(t), noise=noise, grain=grain)

    def estimate_memory(self, t: int, points: Sequence[Point] = ()) -> int:
        """Estimate the bytes that a run needs, as far as runs tell; samples are made by copying."""
        if not points:
            return 3 * (self.arguments.nbytes(self.line.at(t)) or 0)
        return 2 * self.estimate_inputs(t, points) + estimate_peak(self.line, points, t).high

    def estimate_inputs(self, t: int, points: Sequence[Point]) -> int:
        """Return the bytes of the arguments; extrapolated if they are known only after making them."""
        known = self.arguments.nbytes(self.line.at(t))
        if known is not None:
            return known
        made = np.array([[point.inputs_nbytes or 0] for point in points], np.int64)
        return int(extrapolate_sizes(self.line, [point.t for point in points], made, t).nbytes[0])

    def _operators(self) -> frozenset[Instruction]:
        return frozenset().union(*(code.operators for code in self._log.codes.values()))

    def _limit(self, request: Request, processor_limit: float) -> Request:
        """Return the request with a limit of processor time, and one of time for a run that mostly waits."""
        if isinf(processor_limit):
            return request
        longest = max(_WALL_SHARE * self.time_limit.left(), 0.1)
        return replace(request, processor_limit=processor_limit, time_limit=longest)

    def _ask(self, request: Request) -> Answer:
        """Send a request to the child; raise the error of the function."""
        size, longest = write_size(request.lengths), self.time_limit.left()
        if isfinite(request.processor_limit):  # within a long call of a C library the worker cannot stop itself
            longest = min(longest, request.time_limit + _GRACE)
        try:
            answer = self.child.ask(request, max(longest, 0.1))
        except ChildTimeoutError:
            limit = f"{self.time_limit.seconds:g} s (total for all measurements)"
            more = current_phrasing().more_time
            raise ChildTimeoutError(f"it did not finish within {limit}, at {size}; {more}") from None
        self._log.refused.update(answer.refused)
        self._log.processor_seconds.append(answer.whole_processor_seconds)
        if answer.error:
            raise FunctionFailedError(explain_failure(answer, size, self.memory))
        return answer
