"""Run kernels plain and profiled in turn, so that a slow minute of the machine meets all of them."""

import random
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kernel_list import Kernel
from process import RunFailedError, run_process
from profilers import PLAIN, Profiler, explain_absence

_TIMES: Final = re.compile(r"^kernel cpu_s=(?P<cpu>[\d.]+) wall_s=(?P<wall>[\d.]+)$", re.MULTILINE)
_ANSWER: Final = re.compile(r"^answer (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: seconds inside the program, of the process, of its report step; and the program's answer."""

    inside_cpu_s: float
    inside_wall_s: float
    process_wall_s: float
    report_wall_s: float
    answer: str

    @property
    def whole_wall_s(self) -> float:
        """From the start of the process to the printed report."""
        return self.process_wall_s + self.report_wall_s


@dataclass(slots=True)
class Measurement:
    """One kernel under one profiler: a sample a round, or why there is none."""

    kernel: Kernel
    profiler: Profiler
    samples: list[Sample] = field(default_factory=list)
    problem: str | None = None

    def median(self, quantity: Callable[[Sample], float]) -> float | None:
        """Median over the rounds; ``None`` if a run failed: a part of the rounds would be another mix."""
        return None if self.problem or not self.samples else statistics.median(map(quantity, self.samples))


def measure_kernels(
    kernels: Sequence[Kernel],
    profilers: Sequence[Profiler],
    *,
    rounds: int,
    limit_s: float,
    rest_s: float,
    say: Callable[[str], None],
) -> list[Measurement]:
    """Measure each kernel under each profiler once a round, in another order each round.

    Parameters
    ----------
    kernels, profilers : sequences
        What to run; the first profiler is the plain run.
    rounds : int
        How often.
    limit_s : float
        Seconds after which one run is given up, and its profiler for this kernel.
    rest_s : float
        Seconds of rest before each run. A virtual machine gives pages back to its host some two seconds after they
        were freed, and they are dear to touch again: without rest, a program begins on its predecessor's warm pages
        or not, by how long its profiler takes to start.
    say : callable
        Told what is being done, a line a round.

    Returns
    -------
    list of Measurement
        One for each pair, in order.
    """
    results = []
    orders = random.Random(0)
    for kernel in kernels:
        pairs = [Measurement(kernel, profiler, problem=explain_absence(profiler)) for profiler in profilers]
        # Not timed: the first run reads files from disk and fills the byte-code cache.
        _try_sample(Measurement(kernel, PLAIN), limit_s)
        for round_ in range(rounds):
            say(f"{kernel.name}: round {round_ + 1} of {rounds}")
            for pair in orders.sample(pairs, len(pairs)):
                if pair.problem is None:
                    time.sleep(rest_s)
                    _try_sample(pair, limit_s)
        _compare_answers(pairs)
        results += pairs
    return results


def _try_sample(pair: Measurement, limit_s: float) -> None:
    with tempfile.TemporaryDirectory(prefix="overhead-") as folder:
        try:
            pair.samples.append(_take_sample(pair.kernel, pair.profiler, Path(folder), limit_s))
        except RunFailedError as error:
            pair.problem = f"failed: {error}"


def _take_sample(kernel: Kernel, profiler: Profiler, folder: Path, limit_s: float) -> Sample:
    record = str(folder / "record")
    done = run_process(profiler.run(str(kernel.path), record), folder=folder, limit_s=limit_s)
    times, answer = _TIMES.search(done.text), _ANSWER.search(done.text)
    if times is None or answer is None:
        raise RunFailedError("the kernel's own times are missing from its output")
    report_s, report = 0.0, done.text
    if profiler.report is not None:
        step = run_process(profiler.report(record), folder=folder, limit_s=limit_s)
        report_s, report = step.wall_s, step.text
    if profiler.evidence not in report:
        raise RunFailedError(f"no {profiler.evidence!r} in what it printed: it reported nothing")
    return Sample(float(times["cpu"]), float(times["wall"]), done.wall_s, report_s, answer[1])


def _compare_answers(pairs: Iterable[Measurement]) -> None:
    """Mark as failed what made a program compute something else than the plain run did."""
    expected: str | None = None
    for pair in pairs:
        for sample in pair.samples:
            expected = expected or sample.answer
            if sample.answer != expected:
                pair.problem = f"failed: the program answered {sample.answer} instead of {expected}"
