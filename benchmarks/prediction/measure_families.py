"""Predict a hundred functions of four families, run each at its real size, and compare.

``python benchmarks/prediction/measure_families.py --truth FILE`` compares all; FILE keeps the measured peaks, which
depend on the versions of Python and the libraries, and not on ndmem. Each prediction and each run is a process of its
own.
"""

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from families.case import Case, Dim, Given  # noqa: E402  # beside this script
from summary import Row, show_row, summarise  # noqa: E402

LIBRARIES = ("numpy", "scipy", "pandas", "scikit-learn", "scikit-image")
LONGEST_S = 120
MOST_NBYTES = 8 * 2**30


def find_cases(package: str) -> dict[str, tuple[str, Case]]:
    """Return the family and the case of each name."""
    families = importlib.import_module(package).FAMILIES
    return {case.name: (family, case) for family, cases in families.items() for case in cases}


def run(case: Case) -> dict[str, Any]:
    """Run a case at its real size and return its peak above the arguments."""
    import resource

    import ndmem

    resource.setrlimit(resource.RLIMIT_DATA, (MOST_NBYTES, MOST_NBYTES))
    # Once at a small size: a prediction is for a call after the first, which imports modules and fills caches.
    case.function(*case.arguments(case.small_lengths()))
    arguments = case.arguments(case.lengths)
    started = time.perf_counter()
    with ndmem.track(threshold=1) as tracked:
        kept = case.function(*arguments)
    seconds = time.perf_counter() - started
    del kept
    return {"peak": tracked.peak, "seconds": seconds}


def predict(case: Case) -> dict[str, Any]:
    """Predict a case."""
    import ndmem

    dims = ndmem.dims(**case.lengths)
    arguments: tuple[Any, ...] = ()
    options: dict[str, Any] = {"dims": dims}
    if case.given is Given.SPECS:
        arguments = tuple(getattr(dims, spec.name) if isinstance(spec, Dim) else spec for spec in case.specs)
    elif case.given is Given.MAKE:
        options["make"] = case.make
    else:
        arguments, options = case.arguments(case.lengths), {}
    started, used = time.perf_counter(), _processor_seconds()
    try:
        found = ndmem.predict(case.function, *arguments, **options)
    except ndmem.NdmemError as error:
        return {"error": str(error), "seconds": time.perf_counter() - started}
    return {
        "peak": found.peak,
        "label": found.confidence.value,
        "interval": found.interval,
        "reason": found.reason,
        "seconds": time.perf_counter() - started,
        "processor_seconds": _processor_seconds() - used,
        "said_seconds": found.seconds,
        "seconds_interval": getattr(found, "seconds_interval", None),
        "factor": _find_factor(found),
    }


def _processor_seconds() -> float:
    """Return the processor time of this process and of its children that have ended."""
    import resource

    used = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def _find_factor(found: Any) -> float | None:
    """Return how many times the predicted peak exceeds that of the largest run it is based on."""
    findings = found._forecast.findings
    if findings.real is not None:
        return 1.0
    return float(found.peak / max(findings.points[-1].peak, 1))


def in_process(what: str, name: str, package: str) -> dict[str, Any]:
    """Run or predict a case in a process of its own."""
    words = [sys.executable, __file__, "--do", what, "--only", name, "--package", package]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "2", "PYTHONHASHSEED": "0"}
    started = time.perf_counter()
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=LONGEST_S, env=environment, check=False)
    except subprocess.TimeoutExpired:
        return {"error": f"took longer than {LONGEST_S} s", "seconds": LONGEST_S}
    try:
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return {
            "error": (done.stderr.strip().splitlines() or ["no answer"])[-1],
            "seconds": time.perf_counter() - started,
        }
    return found


def measure_truths(cases: dict[str, tuple[str, Case]], package: str, file: Path | None) -> dict[str, dict[str, Any]]:
    """Return the measured peak of each case; measure those that the file lacks, one after the other, and keep them."""
    versions = {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
    kept: dict[str, Any] = {"versions": versions, "runs": {}}
    if file and file.exists():
        kept = json.loads(file.read_text("utf-8"))
    if kept["versions"] != versions:
        sys.exit(f"{file} was measured with {kept['versions']}; name another file for {versions}")
    found = {}
    for name, (_, case) in cases.items():
        key = f"{name} {json.dumps(dict(case.lengths), sort_keys=True)}"
        if "peak" not in kept["runs"].get(key, {}):
            kept["runs"][key] = in_process("run", name, package)
            print(f"# {key}: {kept['runs'][key]}", file=sys.stderr, flush=True)
            if file:
                file.write_text(json.dumps(kept, indent=1), "utf-8")
        found[name] = kept["runs"][key]
    return found


def compare(
    cases: dict[str, tuple[str, Case]], truths: dict[str, dict[str, Any]], package: str, jobs: int
) -> Iterator[Row]:
    """Predict the cases, and compare each with its truth."""
    with ThreadPoolExecutor(jobs) as pool:
        said = pool.map(lambda name: in_process("predict", name, package), cases)
        for (name, (family, case)), prediction in zip(cases.items(), said, strict=True):
            yield Row(name, family, case.given.value, truths[name], prediction)


def main() -> int:
    """Compare, print a table and a summary; the status is 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--truth", type=Path, help="file that keeps the measured peaks")
    parser.add_argument("--only", help="one case")
    parser.add_argument("--family", help="one family")
    parser.add_argument("--package", default="families", help="module whose FAMILIES holds the cases")
    parser.add_argument("--jobs", type=int, default=1, help="predictions at the same time")
    parser.add_argument("--json", type=Path, help="file for the rows")
    parser.add_argument("--truths-only", action="store_true", help="measure the real sizes, and predict nothing")
    parser.add_argument("--do", choices=("run", "predict"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    cases = {
        name: found
        for name, found in find_cases(options.package).items()
        if options.only in (None, name) and options.family in (None, found[0])
    }
    if not cases:
        parser.error("no case has this name and family")
    if options.do:
        (_, case) = cases[options.only]
        print(json.dumps({"run": run, "predict": predict}[options.do](case)))
        return 0
    truths = measure_truths(cases, options.package, options.truth)
    if options.truths_only:
        return 0
    rows = []
    for row in compare(cases, truths, options.package, options.jobs):
        rows.append(row)
        print(show_row(row, is_first=len(rows) == 1), flush=True)
        if options.json:
            options.json.write_text(json.dumps([each.as_dict() for each in rows], indent=1), "utf-8")
    text, is_passed = summarise(rows)
    print("\n" + text)
    return 0 if is_passed else 1


if __name__ == "__main__":
    sys.exit(main())
