"""Measure one report of many ranks: its time and its memory, with traces that simulate the ranks.

One program is recorded; its trace is written again for each rank, with the rank's number and a start of its own, on
machines of 64 ranks. The report is then made by ``ndmem report FOLDER`` in a process of its own.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import ndmem
from ndmem.model.rank import Rank
from ndmem.model.trace_file.writing import write_trace

_PER_HOST = 64

_PROGRAM = """
import numpy as np

def fill(n):
    return np.ones(n)

kept = []
for step in range({steps}):
    work = fill(2000 + step % 7)
    kept.append((work * 2)[:100].copy())
    both = np.concatenate([work, work]) + step
table = np.zeros(3_000_000) + 1
total = table * 2
"""


def record(folder: Path, steps: int) -> Path:
    """Run the program once, and return its file."""
    program, file = folder / "program.py", folder / "one.ndmem"
    program.write_text(_PROGRAM.format(steps=steps))
    subprocess.run([sys.executable, "-m", "ndmem", "run", "-q", "-f", "-o", file, program], check=True)
    return file


def write_ranks(file: Path, folder: Path, ranks: int) -> int:
    """Write the trace for each rank; return the bytes of all files."""
    trace = ndmem.load(file).trace
    for number in range(ranks):
        rank = Rank(number, ranks, "Slurm", "1.0", f"node{number // _PER_HOST}")
        run = dataclasses.replace(trace.run, rank=rank, started=trace.run.started + number)
        write_trace(dataclasses.replace(trace, run=run), folder / f"run.{rank.label}.ndmem")
    return sum(each.stat().st_size for each in folder.iterdir())


def measure(folder: Path, form: str) -> tuple[float, int]:
    """Make a report; return its seconds and its highest resident memory."""
    start = time.perf_counter()
    words = [sys.executable, "-m", "ndmem", "report", str(folder), "--format", form, "-o", os.devnull]
    process = subprocess.Popen(words)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"ndmem report ended with status {status}")
    return time.perf_counter() - start, usage.ru_maxrss * 1024


def main() -> None:
    """Print a table: ranks, events of each, file sizes, seconds and memory by format."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 16, 64, 256])
    parser.add_argument("--steps", type=int, nargs="+", default=[100, 10_000])
    options = parser.parse_args()
    print("| ranks | events of each | files | format | seconds | resident |\n|---|---|---|---|---|---|")
    for steps in options.steps:
        with tempfile.TemporaryDirectory() as name:
            file = record(Path(name), steps)
            events = len(ndmem.load(file).trace.events)
            for ranks in options.ranks:
                folder = Path(name) / f"{ranks}"
                folder.mkdir()
                nbytes = write_ranks(file, folder, ranks)
                for form in ("text", "json", "html"):
                    seconds, resident = measure(folder, form)
                    figures = f"{nbytes / 1e6:,.1f} MB | {form} | {seconds:.2f} | {resident / 1024**2:.0f} MiB |"
                    print(f"| {ranks} | {events:,} | {figures}", flush=True)


if __name__ == "__main__":
    main()
