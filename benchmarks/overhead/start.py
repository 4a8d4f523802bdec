"""What ``ndmem run`` of an empty program costs over ``python``: both in turn, A B A B, and the difference of medians.

    python benchmarks/overhead/start.py [PAIRS]

Wall time is what a person waits, and on a machine that does other work it measures that. The processor time of both
processes, user and system, hardly depends on it, but counts what two cores do at once twice. Modules are compiled
before, into a folder of their own, whether or not this Python's library is.
"""

import os
import resource
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

PAIRS = 20


def choose_environment(folder: str) -> dict[str, str]:
    """Return variables with which Python keeps what it has compiled in a folder."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(Path(folder, "compiled"))}


def measure(words: Sequence[str], folder: str) -> tuple[float, float]:
    """Run a command; return its wall and its processor time in milliseconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        words,
        cwd=folder,
        env=choose_environment(folder),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1e3 * wall, 1e3 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main() -> None:
    """Print medians of both, their difference and their ratio."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    ndmem = str(Path(sysconfig.get_path("scripts")) / "ndmem")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "empty.py").touch()
        plain = [sys.executable, "empty.py"]
        tracked = [sys.executable, ndmem, "run", "-f", "-o", "t.ndmem", "empty.py"]
        measure(tracked, folder)  # compiles
        measure(plain, folder)
        found = [(measure(plain, folder), measure(tracked, folder)) for _ in range(pairs)]
    print(f"Python {sys.version.split()[0]}, {pairs} pairs, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for place, name in enumerate(("wall time", "processor time")):
        a, b = ([pair[side][place] for pair in found] for side in (0, 1))
        low, high = statistics.median(a), statistics.median(b)
        print(
            f"{name}: python {low:.0f} ms, ndmem run {high:.0f} ms: {high - low:.0f} ms more, {high / low:.1f} times;"
            f" least {min(a):.0f} and {min(b):.0f} ms"
        )


if __name__ == "__main__":
    main()
