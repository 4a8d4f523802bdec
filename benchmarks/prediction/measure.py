"""Predict programs, run them, and compare.

``python benchmarks/prediction/measure.py --npbench DIR`` runs all; ``--half tuning`` or ``blind`` one half of the
kernels, ``--only NAME`` one program. Each prediction and each run is a process of its own.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from library_programs import PROGRAMS  # noqa: E402  # beside this script
from npbench import load_kernel  # noqa: E402
from split import read_kernels, split  # noqa: E402

SIZES = ("L", "M", "S")
LONGEST_S = 60
EXACT_LABELS = ("measured", "verified", "extrapolated exactly")
MOST_NBYTES = 8 * 2**30


def find_program(name: str, folder: Path | None, size: str) -> tuple[Any, Any, dict[str, int]]:
    """Return the function, the function that makes its arguments, and the lengths."""
    for program in PROGRAMS:
        if program.name == name:
            return program.function, program.make, {"n": program.n}
    assert folder is not None
    about = next(each for each in read_kernels(folder) if each["short_name"] == name)
    kernel = load_kernel(folder, about, size)
    return kernel.function, kernel.make, kernel.lengths


def run(name: str, folder: Path | None, size: str) -> dict[str, Any]:
    """Run a program at its real size and return its peak."""
    import resource

    import numpy as np

    import ndmem
    from ndmem.planning.extrapolation.size_line import choose_line

    function, make, lengths = find_program(name, folder, size)
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_NBYTES, MOST_NBYTES))
    # Once at a small size: a prediction is for a call after the first, which imports modules and fills caches.
    function(*make(**choose_line(lengths, lambda at: math.prod(at.values())).at(1)))
    arguments = make(**lengths)
    np.random.seed(0)  # kernels draw from the old generator
    started = time.perf_counter()
    with ndmem.track(threshold=1) as tracked:
        kept = function(*arguments)
    del kept
    return {"peak": tracked.peak, "seconds": time.perf_counter() - started}


def predict(name: str, folder: Path | None, size: str) -> dict[str, Any]:
    """Predict a program and return the prediction."""
    import ndmem

    function, make, lengths = find_program(name, folder, size)
    started = time.perf_counter()
    try:
        found = ndmem.predict(function, make=make, dims=ndmem.dims(**lengths))
    except ndmem.NdmemError as error:
        return {"error": str(error), "seconds": time.perf_counter() - started}
    seconds = time.perf_counter() - started
    return {
        "peak": found.peak,
        "inputs": found.inputs,
        "label": found.confidence.value,
        "interval": found.interval,
        "reason": found.reason,
        "seconds": seconds,
        "said_seconds": found.seconds,
        "lengths": lengths,
        "measured_at": found._forecast.findings.points[-1].lengths,
    }


def in_process(what: str, name: str, folder: Path | None, size: str) -> dict[str, Any]:
    """Run or predict in a process of its own."""
    words = [sys.executable, __file__, "--do", what, "--only", name, "--size", size]
    words += ["--npbench", str(folder)] if folder else []
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "2", "PYTHONHASHSEED": "0"}
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=LONGEST_S, env=environment, check=False)
    except subprocess.TimeoutExpired:
        return {"error": f"took longer than {LONGEST_S} s"}
    try:
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return {"error": (done.stderr.strip().splitlines() or ["no answer"])[-1]}
    return found


def compare(name: str, folder: Path | None, known: dict[str, Any]) -> dict[str, Any]:
    """Run and predict one program, at the largest size that can be run."""
    for size in SIZES if name not in {program.name for program in PROGRAMS} else ("",):
        key = f"{name} {size}".strip()
        if key not in known:
            known[key] = in_process("run", name, folder, size)
        if "peak" in known[key]:
            said = in_process("predict", name, folder, size)
            return {"name": name, "size": size, "run": known[key], "said": said}
    return {"name": name, "size": size, "run": known[key], "said": {}}


def show(row: dict[str, Any]) -> str:
    """Write one comparison as a row of a Markdown table."""
    run, said = row["run"], row["said"]
    if "peak" not in run or "peak" not in said:
        why = run.get("error") or said.get("error", "")
        seconds = said.get("seconds", 0)
        return f"| {row['name']} | {row['size']} | {run.get('peak', '')} | none | | | {seconds:.1f} | {why[:150]} |"
    off = off_by(row)
    return (
        f"| {row['name']} | {row['size']} | {run['peak']:,} | {said['peak']:,} | {off:.3%} | {said['label']} | "
        f"{said['seconds']:.1f} | {said['reason'][:150]} |"
    )


def off_by(row: dict[str, Any]) -> float:
    """Return the relative error of a prediction."""
    real = row["run"]["peak"]
    return float(abs(row["said"]["peak"] - real) / max(real, 1))


def summarise(rows: list[dict[str, Any]]) -> str:
    """Write how many predictions are right."""
    ran = [row for row in rows if "peak" in row["run"]]
    told = [row for row in ran if "peak" in row["said"]]
    exact = [row for row in told if row["said"]["peak"] == row["run"]["peak"]]
    near = [row for row in told if off_by(row) <= 0.01]
    wrong = [row["name"] for row in told if row["said"]["label"] in EXACT_LABELS and row not in exact]
    unsaid = [row["name"] for row in told if row not in near and row["said"]["label"] != "rough"]
    seconds = sorted(row["said"].get("seconds", LONGEST_S) for row in ran)
    counts = {
        label: sum(row["said"]["label"] == label for row in told) for label in (*EXACT_LABELS, "extrapolated", "rough")
    }
    return (
        f"{len(ran)} programs: byte-exact {len(exact)} ({len(exact) / len(ran):.0%}), within 1 % {len(near)} "
        f"({len(near) / len(ran):.0%}), refused {len(ran) - len(told)}; labels {counts}; wrong, called certain: "
        f"{wrong or 'none'}; more than 1 % off and not called rough: {unsaid or 'none'}; time median "
        f"{statistics.median(seconds):.1f} s, 95th percentile {seconds[int(len(seconds) * 0.95) - 1]:.1f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--npbench", type=Path)
    parser.add_argument("--half", choices=("tuning", "blind", "all", "none"), default="all")
    parser.add_argument("--libraries", action="store_true", help="also the functions of libraries")
    parser.add_argument("--only")
    parser.add_argument("--size", default="M")
    parser.add_argument("--do", choices=("run", "predict"))
    parser.add_argument("--known", type=Path, help="file that keeps the peaks of real runs")
    parser.add_argument("-o", type=Path)
    options = parser.parse_args()
    if options.do:
        print(json.dumps({"run": run, "predict": predict}[options.do](options.only, options.npbench, options.size)))
        return
    names = (
        [about["short_name"] for about in split(read_kernels(options.npbench), options.half)]
        if options.npbench and options.half != "none"
        else []
    )
    if options.libraries or options.half == "all" or not names:
        names += [program.name for program in PROGRAMS]
    if options.only:
        names = [options.only]
    known = json.loads(options.known.read_text("utf-8")) if options.known and options.known.exists() else {}
    rows = []
    print("| program | size | measured | predicted | off | label | s | reason |\n|---|---|---|---|---|---|---|---|")
    for name in names:
        rows.append(compare(name, options.npbench, known))
        print(show(rows[-1]), flush=True)
        if options.known:
            options.known.write_text(json.dumps(known), "utf-8")
    print("\n" + summarise(rows))
    if options.o:
        options.o.write_text(json.dumps(rows, indent=1), "utf-8")


if __name__ == "__main__":
    main()
