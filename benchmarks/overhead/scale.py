"""What tracking costs in memory and on disk: a million live arrays, and a trace of five million events."""

import json
import re
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from process import Outcome, RunFailedError, run_process
from profilers import HERE, NDMEM, PYTHON, Profiler, explain_absence

_LIVE: Final = re.compile(r"^live arrays=\d+ rss=(?P<rss>\d+) anonymous=(?P<anonymous>\d+)$", re.MULTILINE)


@dataclass(slots=True)
class LiveArrays:
    """Resident bytes of a process that holds a million small arrays, one value a run."""

    profiler: Profiler
    rss_nbytes: list[int] = field(default_factory=list)
    anonymous_nbytes: list[int] = field(default_factory=list)
    problem: str | None = None

    @property
    def median_rss_nbytes(self) -> int | None:
        """Median over the runs; ``None`` if one failed."""
        return None if self.problem or not self.rss_nbytes else int(statistics.median(self.rss_nbytes))


@dataclass(slots=True)
class LargeTrace:
    """A trace of five million events: its size, and what it takes to read it.

    Attributes
    ----------
    events, file_nbytes : int or None
        As the report counts them; size of the trace file, or of all files if it is a folder.
    steps : dict
        For each of ``record``, ``load``, ``report text`` and ``report json``: seconds and peak resident bytes
        of its process.
    problem : str or None
        Why something is missing.
    """

    events: int | None = None
    file_nbytes: int | None = None
    steps: dict[str, tuple[float, int]] = field(default_factory=dict)
    problem: str | None = None


def measure_live_arrays(
    profilers: Sequence[Profiler], *, rounds: int, limit_s: float, say: Callable[[str], None]
) -> list[LiveArrays]:
    """Hold a million arrays of three elements under each profiler, in turn."""
    results = [LiveArrays(profiler, problem=explain_absence(profiler)) for profiler in profilers]
    for round_ in range(rounds):
        say(f"a million small arrays: round {round_ + 1} of {rounds}")
        for result in results:
            if result.problem is None:
                _hold_arrays(result, limit_s)
    return results


def _hold_arrays(result: LiveArrays, limit_s: float) -> None:
    with tempfile.TemporaryDirectory(prefix="overhead-") as folder:
        script, record = str(HERE / "memory" / "live_small.py"), str(Path(folder) / "record")
        try:
            text = run_process(result.profiler.run(script, record), folder=Path(folder), limit_s=limit_s).text
        except RunFailedError as error:
            result.problem = f"failed: {error}"
            return
    said = _LIVE.search(text)
    if said is None:
        result.problem = "failed: the program's own figures are missing from its output"
        return
    result.rss_nbytes.append(int(said["rss"]))
    result.anonymous_nbytes.append(int(said["anonymous"]))


def measure_large_trace(*, limit_s: float, say: Callable[[str], None]) -> LargeTrace:
    """Record a trace of five million events, load it and report it, each in a process of its own."""
    result = LargeTrace(problem=explain_absence(NDMEM))
    if result.problem is not None:
        return result
    with tempfile.TemporaryDirectory(prefix="overhead-") as name:
        try:
            _read_large_trace(result, Path(name), limit_s, say)
        except RunFailedError as error:
            result.problem = f"failed: {error}"
    return result


def _read_large_trace(result: LargeTrace, folder: Path, limit_s: float, say: Callable[[str], None]) -> None:
    record, report = folder / "record", folder / "report.json"

    def take(step: str, *command: str) -> None:
        say(f"five million events: {step}")
        done: Outcome = run_process((PYTHON, *command), folder=folder, limit_s=limit_s)
        result.steps[step] = done.wall_s, done.peak_rss_nbytes

    take("record", "-m", "ndmem", "run", "--quiet", "-o", str(record), str(HERE / "memory" / "many_events.py"))
    files = [record] if record.is_file() else [each for each in record.rglob("*") if each.is_file()]
    result.file_nbytes = sum(each.stat().st_size for each in files)
    take("load", "-c", "import sys, ndmem; ndmem.load(sys.argv[1])", str(record))
    take("report text", "-m", "ndmem", "report", str(record))
    take("report json", "-m", "ndmem", "report", str(record), "--format", "json", "-o", str(report))
    result.events = int(json.loads(report.read_text("utf-8"))["events"])
