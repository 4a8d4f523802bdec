"""The text file of ``mprof``: a line a sample, a call or the command, memory in MiB and time in seconds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ndmem.errors import TraceError
from ndmem.file_kind import identify_file


@dataclass(frozen=True, slots=True)
class Sample:
    """The memory of a process at a moment.

    Attributes
    ----------
    memory_mib : float
        Its memory in MiB.
    time_s : float
        Seconds since 1970.
    """

    memory_mib: float
    time_s: float


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function with ``@profile``, from its begin to its end; ``level`` is how deep it is in others."""

    function: str
    begin: Sample
    end: Sample
    level: int = 0


@dataclass(frozen=True, slots=True)
class SampledRun:
    """The contents of a file of ``mprof``.

    Attributes
    ----------
    path : Path
        The file.
    command : str
        What was run; empty if the file does not say.
    samples : list of Sample
        Of the program, in the order they were taken.
    calls : list of Call
        Of its functions with ``@profile``.
    children : dict
        Child process → its samples.
    """

    path: Path
    command: str
    samples: list[Sample] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    children: dict[str, list[Sample]] = field(default_factory=dict)

    def samples_during(self, function: str) -> list[Sample]:
        """Return the samples that were taken while a function ran.

        Raises
        ------
        TraceError
            If the file has no such function.
        """
        times = [(call.begin.time_s, call.end.time_s) for call in self.calls if call.function == function]
        if not times:
            known = ", ".join(sorted({call.function for call in self.calls})) or "none; functions with @profile have"
            raise TraceError(f"{self.path}: no calls of {function!r}; there are calls of: {known}")
        return [sample for sample in self.samples if any(begin <= sample.time_s <= end for begin, end in times)]


def read_dat(path: Path) -> SampledRun:
    """Read a file of ``mprof``, ours or memory_profiler's.

    A last line without an end is left out: the run goes on, or was killed while it wrote.

    Raises
    ------
    TraceError
        If it is another kind of file, has no samples, or a line is damaged.
    OSError
        If it cannot be read.
    """
    commands: list[str] = []
    found = SampledRun(path, "")
    with path.open(encoding="utf-8", errors="backslashreplace") as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith("\n"):
                break
            kind, _, rest = line.rstrip("\r\n").partition(" ")
            if kind == "CMDLINE":
                commands.append(rest)
                continue
            try:
                _take(found, kind, rest.split())
            except ValueError:
                raise TraceError(f"{path}, line {number}: {kind} without its numbers; the file is damaged") from None
    if not (commands or found.samples or found.calls):
        other = identify_file(path)
        advice = other.advise(str(path)) or "ndmem mprof run PROGRAM writes one"
        raise TraceError(f"{path} is {other.name}, not a file of mprof; {advice}")
    if not found.samples:
        raise TraceError(f"{path} has no samples of memory: the program never ran, or ended before the first")
    return SampledRun(path, commands[-1] if commands else "", found.samples, found.calls, found.children)


def _take(found: SampledRun, kind: str, words: Sequence[str]) -> None:
    """Read one line; skip other kinds of lines, as memory_profiler does."""
    if kind == "MEM":
        memory, time = words
        found.samples.append(_sample(memory, time))
    elif kind == "CHLD":
        child, memory, time = words
        found.children.setdefault(child, []).append(_sample(memory, time))
    elif kind == "FUNC":
        function, begin, begin_time, end, end_time, *level = words
        found.calls.append(
            Call(function, _sample(begin, begin_time), _sample(end, end_time), int(level[0]) if level else 0)
        )


def _sample(memory: str, time: str) -> Sample:
    sample = Sample(float(memory), float(time))
    if not (math.isfinite(sample.memory_mib) and math.isfinite(sample.time_s)):
        raise ValueError(memory)
    return sample
