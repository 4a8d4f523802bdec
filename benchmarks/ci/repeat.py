"""Run the same tests again and again, each time in new processes, and list what differs.

python benchmarks/ci/repeat.py [--runs 100] [--workers 0,2] [PYTHON ...]

For each Python it runs `suite.py` so many times with ``--ndmem-json`` and ``--ndmem-fail-above 0%``, and prints the
tests whose peak was not the same each time, and the runs that failed, which are false alarms; then it makes 20 runs
with a temporary that adds 1 % to one test, which must fail, with its line in the summary. ``--copies 100`` instead runs
so many copies of the tests in one process, one after the other: it takes seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SUITE = Path(__file__).with_name("suite.py")
GROWN = "test_normalise"
LINE = "np.square(centred[:, :60])"


def run_suite(
    python: str, folder: Path, *options: str, workers: int = 0, extra: bool = False, files: Sequence[Path] = (SUITE,)
) -> int:
    """Run the tests, and return pytest's status."""
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", str(workers), "-c", os.devnull]
    if not workers:
        command.remove("-n")
        command.remove("0")
    environment = {**os.environ, "NDMEM_EXTRA": "1" if extra else "0", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("GITHUB_STEP_SUMMARY", None)
    plugins = ["-p", "ndmem.integrations.pytest.plugin", *(["-p", "xdist"] if workers else [])]
    done = subprocess.run(
        [*command, *plugins, f"--rootdir={files[0].parent}", *map(str, files), *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in {0, 1}:
        raise SystemExit(done.stdout + done.stderr)
    return done.returncode


def read_peaks(file: Path) -> dict[str, int]:
    """Return the peak of each test."""
    tests = json.loads(file.read_text())["tests"]
    return {test["name"].partition("::")[2]: test["peak_nbytes"] for test in tests}


def measure(python: str, folder: Path, *, runs: int, workers: int) -> dict[str, int]:
    """Print what differs, the false alarms, and how often the temporary is found; return the peaks of the first run."""
    base, now, summary = (folder / name for name in ("base.json", "now.json", "summary.md"))
    run_suite(python, folder, "--ndmem-json", str(base), workers=workers)
    first = read_peaks(base)
    seen: defaultdict[str, set[int]] = defaultdict(set)
    alarms = 0
    options = ("--ndmem-json", str(now), "--ndmem-compare", str(base), "--ndmem-fail-above", "0%")
    for _ in range(runs):
        alarms += run_suite(python, folder, *options, workers=workers) != 0
        for name, peak in {**read_peaks(now)}.items():
            seen[name] |= {peak, first[name]}
    varying = {name: sorted(peaks) for name, peaks in seen.items() if len(peaks) > 1}
    same = f"{len(seen) - len(varying)} of {len(seen)} tests have the same byte each time"
    print(f"  {runs} runs, {workers} workers: {same}")
    for name, peaks in varying.items():
        print(f"    {name}: {peaks}")
    print(f"  {alarms} of {runs} runs had a false alarm")
    found = 0
    for _ in range(20):
        status = run_suite(python, folder, *options, "--ndmem-summary", str(summary), workers=workers, extra=True)
        rows = [row for row in summary.read_text().splitlines() if GROWN in row and row.startswith("|")]
        found += status == 1 and any(LINE in row for row in rows)
    grown = read_peaks(now)[GROWN] / first[GROWN] - 1
    print(f"  the temporary of {grown:.2%} was found, with its line, in {found} of 20 runs", flush=True)
    return first


def measure_copies(python: str, folder: Path, *, copies: int) -> dict[str, int]:
    """Print what differs between copies of the tests in one process; return the peaks of the first copy."""
    files = [folder / f"test_copy_{number:03}.py" for number in range(copies)]
    for file in files:
        file.write_text(SUITE.read_text("utf-8"), "utf-8")
    run_suite(python, folder, f"--ndmem-json={folder / 'now.json'}", files=files)
    tests = json.loads((folder / "now.json").read_text())["tests"]
    seen: defaultdict[str, list[int]] = defaultdict(list)
    for test in tests:
        seen[test["name"].partition("::")[2]].append(test["peak_nbytes"])
    varying = {name: dict(Counter(peaks)) for name, peaks in seen.items() if len(set(peaks)) > 1}
    same = f"{len(seen) - len(varying)} of {len(seen)} tests have the same byte each time"
    print(f"  {copies} copies in one process: {same}")
    for name, peaks in varying.items():
        print(f"    {name}: {peaks}")
    return {name: peaks[0] for name, peaks in seen.items()}


def main() -> None:
    """Measure each Python, and compare their peaks."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pythons", nargs="*", default=[sys.executable])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--workers", default="0")
    parser.add_argument("--copies", type=int, default=0)
    options = parser.parse_args()
    peaks: dict[str, dict[str, int]] = {}
    for python in options.pythons:
        code = "import numpy, platform; print(platform.python_version(), 'NumPy', numpy.__version__)"
        version = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        print(version, flush=True)
        if options.copies:
            with tempfile.TemporaryDirectory() as folder:
                peaks[version] = measure_copies(python, Path(folder), copies=options.copies)
            continue
        for workers in map(int, options.workers.split(",")):
            with tempfile.TemporaryDirectory() as folder:
                peaks[version] = measure(python, Path(folder), runs=options.runs, workers=workers)
    for name in sorted({name for each in peaks.values() for name in each}):
        figures = {version: each[name] for version, each in peaks.items() if name in each}
        if len(set(figures.values())) > 1:
            print(f"{name} differs: {figures}")


if __name__ == "__main__":
    main()
