"""What the live page costs a program, with 0, 1 and 10 pages open: all in turn, A B C D A B C D, and ratios of medians.

    python benchmarks/overhead/watchers.py [ROUNDS]

The program computes a fixed amount on one thread, and measures its own time from a second after its start, when ndmem
has loaded what it serves with. It is always recorded by ``ndmem run``. The watchers read the stream as browsers do, in
this process. The processor time of ndmem's own process, its start included, is printed for each second.
"""

import contextlib
import os
import re
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path

import psutil

ROUNDS = 7
WATCHERS = (None, 0, 1, 10)  # None: without --web

PROGRAM = """\
import time
import numpy as np
rng, kept = np.random.default_rng(1), []
table = rng.standard_normal((400, 1000))
def smooth(x):
    return (x[:-2] + x[1:-1] + x[2:]) / 3
until = time.monotonic() + 1
while time.monotonic() < until:
    smooth(table)
wall, cpu = time.perf_counter(), time.process_time()
for step in range(2000):
    result = smooth(table)
    if step % 50 == 0:
        kept.append(result.mean(axis=0))
print(time.perf_counter() - wall, time.process_time() - cpu)
"""


def read_stream(address: str) -> None:
    """Read the stream of a page until the program has ended."""
    with contextlib.suppress(OSError, HTTPException), urllib.request.urlopen(f"{address}events") as stream:
        while stream.read1(2**16):
            pass


def measure(folder: str, watchers: int | None) -> tuple[float, float, float]:
    """Run the program; return its wall and processor seconds, and ndmem's own for each second."""
    ndmem = str(Path(sysconfig.get_path("scripts")) / "ndmem")
    web = [] if watchers is None else ["--web"]
    start = time.perf_counter()
    words = [sys.executable, ndmem, "run", "-q", "-f", "-o", "t.ndmem", *web, "program.py"]
    variables = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        words, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        if watchers:
            found = re.search(r"http://\S+", run.stderr.readline())
            assert found
            for _ in range(watchers):
                threading.Thread(target=read_stream, args=(found[0],)).start()
        wall, cpu = map(float, run.stdout.readline().split())
        used, lasted = psutil.Process(run.pid).cpu_times(), time.perf_counter() - start
        run.kill()  # the end of the run, with its report, is not what is measured
    return wall, cpu, (used.user + used.system) / lasted


def main() -> None:
    """Print medians for each number of watchers, and their ratios to the run without a page."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    found: dict[int | None, list[tuple[float, float, float]]] = {watchers: [] for watchers in WATCHERS}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "program.py").write_text(PROGRAM)
        measure(folder, None)
        for _ in range(rounds):
            for watchers in WATCHERS:
                found[watchers].append(measure(folder, watchers))
    print(f"Python {sys.version.split()[0]}, {rounds} rounds, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    medians = {key: [statistics.median(column) for column in zip(*rows, strict=True)] for key, rows in found.items()}
    for watchers, (wall, cpu, own) in medians.items():
        name = "no page" if watchers is None else f"{watchers} open"
        print(
            f"{name:8} wall {wall:6.3f} s ({wall / medians[None][0]:.3f}), processor {cpu:6.3f} s "
            f"({cpu / medians[None][1]:.3f}), ndmem {own:5.2f} s a second"
        )


if __name__ == "__main__":
    main()
