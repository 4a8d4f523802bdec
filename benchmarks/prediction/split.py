"""Split NPBench's kernels into those that the prediction was tuned on, and those kept to evaluate it.

The kernels are the descriptions in NPBench's folder ``bench_info``, sorted by name: even positions are for tuning,
odd ones are measured once, at the end.
"""

import json
from pathlib import Path
from typing import Any


def read_kernels(folder: Path) -> list[dict[str, Any]]:
    """Return the descriptions of all kernels that have a NumPy version, sorted by name."""
    found = []
    for path in sorted((folder / "bench_info").glob("*.json")):
        about = json.loads(path.read_text("utf-8"))["benchmark"]
        place = folder / "npbench/benchmarks" / about["relative_path"]
        if (place / f"{about['module_name']}_numpy.py").is_file():
            found.append(about)
    return found


def split(kernels: list[dict[str, Any]], half: str) -> list[dict[str, Any]]:
    """Return the ``"tuning"`` half, the ``"blind"`` half, or ``"all"``."""
    return {"tuning": kernels[::2], "blind": kernels[1::2], "all": kernels}[half]
