"""Measure how much of the memory of programs made of objects has a name.

``python benchmarks/names/measure.py`` runs each program of ``programs/`` under ``ndmem run``, and prints which part of
the bytes at the peak and at the end has a holder or is called temporary, and which has a shape and a dtype. A program
whose libraries are not installed is left out. Other programs: ``measure.py FILE...``.
"""

import argparse
import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import ndmem
from ndmem.analysis.index import TraceIndex
from ndmem.analysis.live import LiveBuffer, live_buffers
from ndmem.analysis.moment import Moment

_PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True)
class Named:
    """Bytes of arrays live at a moment.

    Attributes
    ----------
    nbytes : int
        All of them.
    explained : int
        Those with a holder, a former one, or the target of their statement, and temporaries.
    shaped : int
        Those whose shape and dtype are known.
    """

    nbytes: int
    explained: int
    shaped: int

    def __str__(self) -> str:
        if not self.nbytes:
            return f"{'-':>9} {'':>9} {'':>9}"
        return f"{self.nbytes / 2**20:>5.0f} MiB {self.explained / self.nbytes:>9.0%} {self.shaped / self.nbytes:>9.0%}"


def main() -> None:
    """Print a row for each program, and the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    files = parser.parse_args().files or sorted(_PROGRAMS.glob("*.py"))
    print(f"{'program':<20} {'peak':>9} {'explained':>9} {'shape':>9} {'end':>9} {'explained':>9} {'shape':>9}")
    peaks = []
    for file in files:
        found = _run(file)
        if found is not None:
            peak, end = (count(live_buffers(found, moment)) for moment in (Moment.PEAK, Moment.END))
            print(f"{file.stem[:20]:<20} {peak} {end}", flush=True)
            peaks.append(peak)
    with contextlib.suppress(ZeroDivisionError):
        explained = sum(each.explained / each.nbytes for each in peaks) / len(peaks)
        shaped = sum(each.shaped / each.nbytes for each in peaks) / len(peaks)
        print(f"mean of {len(peaks)} programs at the peak: {explained:.1%} explained, {shaped:.1%} with a shape")


def _run(file: Path) -> TraceIndex | None:
    """Run a program, and return its trace; ``None`` if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "run.ndmem"
        words = [sys.executable, "-m", "ndmem", "run", "-q", "-o", str(trace), file.name]
        done = subprocess.run(words, cwd=file.parent, capture_output=True, check=False)
        if done.returncode:
            print(f"{file.stem}: left out, it ended with status {done.returncode}")
            return None
        return TraceIndex(ndmem.load(trace).trace)


def count(buffers: Iterable[LiveBuffer]) -> Named:
    """Add up what is known of buffers."""
    each = list(buffers)
    return Named(
        nbytes=sum(buffer.nbytes for buffer in each),
        explained=sum(b.nbytes for b in each if b.array is not None or b.target is not None or b.temporary),
        shaped=sum(b.nbytes for b in each if b.array is not None),
    )


if __name__ == "__main__":
    main()
