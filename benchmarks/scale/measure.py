"""Measure blocks within a budget beside other ways: see README.md in this folder."""

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from functions import COLUMNS, FUNCTIONS

HERE = Path(__file__).parent
KINDS = ("npy", "zarr")


def make_source(folder, name, kind, nbytes):
    """Write an array of normal numbers, unless it is there, and return its path."""
    columns = COLUMNS.get(name, 1_000)
    rows = nbytes // 8 // columns
    path = folder / f"{rows}x{columns}.{kind}"
    if not path.exists():
        if kind == "npy":
            array = np.lib.format.open_memmap(path, "w+", "f8", (rows, columns))
        else:
            import zarr

            array = zarr.create_array(path, shape=(rows, columns), dtype="f8", chunks=(2**22 // 8 // columns, columns))
        draw = np.random.default_rng(0)
        for start in range(0, rows, 8192):
            array[start : start + 8192] = draw.standard_normal((min(8192, rows - start), columns))
    return path


def run(way, name, source, out, *, threads, amount):
    """Run one way in a process, and return what it told and the most anonymous bytes that were seen."""
    for path in (out, out.with_name(out.name + ".ndmem-blocks")):
        shutil.rmtree(path, ignore_errors=True)
        path.unlink(missing_ok=True)
    command = [sys.executable, HERE / "one_run.py", way, name, source, out, str(threads), str(amount)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peak = 0
    while child.poll() is None:
        try:
            found = re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{child.pid}/status").read_text())
        except OSError:
            break
        peak = max(peak, int(found[1]) * 1024 if found else 0)
        time.sleep(0.002)
    printed, errors = child.communicate()
    if child.returncode:
        return None, (errors.strip().splitlines() or [f"status {child.returncode}"])[-1][:200]
    return json.loads(printed.splitlines()[-1]), peak


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions", default=",".join(FUNCTIONS))
    parser.add_argument("--threads", default="1,2,4")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--megabytes", type=int, default=800)
    parser.add_argument("--time", type=int, default=0, metavar="ROUNDS", help="compare the time with plain Dask")
    parser.add_argument("--plain", action="store_true", help="measure NumPy, Dask's chunks and Cubed too")
    parser.add_argument("--folder", type=Path, help="where sources are kept; by default a temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        for name in options.functions.split(","):
            for kind in options.kinds.split(","):
                measure(options, folder, name, kind)


def measure(options, folder, name, kind):
    nbytes = options.megabytes * 10**6
    budget = nbytes * 2 // 5
    source, out = make_source(folder, name, kind, nbytes), folder / f"out.{kind}"
    for threads in map(int, options.threads.split(",")):
        told, peak = run("blocks", name, source, out, threads=threads, amount=budget)
        if told is None:
            print(f"{name:12} {kind:5} {threads} FAILED {peak}", flush=True)
            continue
        print(
            f"{name:12} {kind:5} threads {threads}  k {told['factor']:5.2f}  budget {budget / 1e6:4.0f}  "
            f"predicted {told['predicted'] / 1e6:4.0f}  measured {peak / 1e6:4.0f} MB  used {peak / budget:4.0%}  "
            f"predicted/measured {told['predicted'] / peak:.3f}  {'OVER' if peak > budget else 'within'}",
            flush=True,
        )
        if options.time:
            seconds = {"blocks": [], "dask": []}
            for _ in range(options.time):
                for way, amount in (("blocks", budget), ("dask", told["rows"])):
                    found, why = run(way, name, source, out, threads=threads, amount=amount)
                    if found is None:
                        raise SystemExit(f"{way}: {why}")
                    seconds[way].append(found["seconds"])
            ratio = statistics.median(seconds["blocks"]) / statistics.median(seconds["dask"])
            print(f"{'':18} time of blocks / of plain Dask: {ratio:.2f}  {seconds}", flush=True)
    for way in ("numpy", "auto", "cubed") if options.plain else ():
        told, peak = run(way, name, source, out, threads=2, amount=budget)
        shown = peak if told is None else f"{peak / 1e6:.0f} MB in {told['seconds']:.1f} s"
        print(f"{name:12} {kind:5} {way}: {shown}", flush=True)


if __name__ == "__main__":
    main()
