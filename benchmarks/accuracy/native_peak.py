"""The peak of the whole process as ndmem and as memray report it, on programs that take native memory.

Usage: python benchmarks/accuracy/native_peak.py

memray counts every block of malloc and mmap from the program's first line on; ndmem counts arrays, and native blocks
from Python's own start on, small ones as malloc counts them. That is a difference of 4 to 9 MB whatever the program, so
the programs are made large beside it. Each runs once under each of them, in a folder of its own.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

_RANDOM: Final = "import numpy as np\nrng = np.random.default_rng(0)\n"

# The last line of each is the one that must be named.
PROGRAMS: Final = {
    "svd": _RANDOM + "a = rng.random((2500, 2500))\nr = np.linalg.svd(a)\n",
    "eigh": _RANDOM + "a = rng.random((3000, 3000))\nr = np.linalg.eigh(a)\n",
    "inv": _RANDOM + "a = rng.random((3000, 3000))\nr = np.linalg.inv(a)\n",
    "solve": _RANDOM + "a = rng.random((3000, 3000))\nr = np.linalg.solve(a, a)\n",
    "lstsq": _RANDOM + "a = rng.random((40000, 500))\nr = np.linalg.lstsq(a, a[:, 0])\n",
    "fft": _RANDOM + "a = rng.random(4_000_000)\nr = np.fft.fft(a)\n",
    "stable sort": _RANDOM + "a = rng.integers(0, 10**9, 20_000_000)\nr = np.sort(a, kind='stable')\n",
    "unique": _RANDOM + "a = rng.integers(0, 10**9, 10_000_000)\nr = np.unique(a)\n",
    "cKDTree": _RANDOM + "from scipy.spatial import cKDTree\na = rng.random((10_000_000, 3))\nr = cKDTree(a)\n",
    "pandas groupby": _RANDOM
    + "import pandas as pd\nf = pd.DataFrame({'k': rng.integers(0, 10**5, 10**7), 'v': rng.random(10**7)})\n"
    + "r = f.groupby('k').v.transform('mean')\n",
    "Arrow strings": _RANDOM
    + "import pyarrow as pa\nw = [str(i) * 4 for i in range(1_000_000)]\nr = pa.array(w * 5).dictionary_encode()\n",
}


def run(command: list[str], folder: Path) -> None:
    """Run a command in a folder; it must succeed."""
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def measure_ndmem(folder: Path) -> tuple[int, str]:
    """Return the total peak, and the line of the program that it is at."""
    run([sys.executable, "-m", "ndmem", "run", "-q", "-f", "-o", "t.ndmem", "program.py"], folder)
    run([sys.executable, "-m", "ndmem", "report", "--format", "json", "-o", "t.json", "t.ndmem"], folder)
    report = json.loads((folder / "t.json").read_text("utf-8"))
    site = report["total_peak_site"]
    return report["total_peak_nbytes"], f"{site['filename']}:{site['lineno']}" if site else "?"


def measure_memray(folder: Path) -> int:
    """Return the peak of live bytes."""
    from memray import FileReader  # only here

    run([sys.executable, "-m", "memray", "run", "--quiet", "--force", "-o", "t.bin", "program.py"], folder)
    return int(FileReader(str(folder / "t.bin")).metadata.peak_memory)


def main() -> None:
    """Print the table."""
    print("| program | memray MB | ndmem MB | difference | at the peak |\n|---|--:|--:|--:|---|")
    for name, text in PROGRAMS.items():
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            (folder / "program.py").write_text(text, "utf-8")
            theirs = measure_memray(folder)
            ours, where = measure_ndmem(folder)
        right = where.endswith(f"program.py:{len(text.splitlines())}")
        print(
            f"| {name} | {theirs / 1e6:,.1f} | {ours / 1e6:,.1f} | {100 * (ours / theirs - 1):+.1f} % "
            f"| {'its line' if right else Path(where).name} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
