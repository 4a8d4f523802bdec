"""Run all benchmarks of predictions: ``python benchmarks/prediction --npbench DIR``; see README.md in this folder."""

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run the four parts one after the other; return the status of the first that failed."""
    parser = argparse.ArgumentParser(prog="python benchmarks/prediction", description=__doc__)
    parser.add_argument("--npbench", type=Path, required=True, help="a copy of NPBench")
    folder = parser.parse_args().npbench
    if not (folder / "bench_info").is_dir():
        parser.error(f"{folder} is not a copy of NPBench: it has no bench_info")
    parts = (
        ["measure.py", "--npbench", str(folder)],
        ["measure_families.py"],
        ["whole_process.py"],
        ["extrapolate.py"],
    )
    statuses = [_run(*part) for part in parts]
    return next((status for status in statuses if status), 0)


def _run(script: str, *words: str) -> int:
    return subprocess.run([sys.executable, str(HERE / script), *words], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
