"""Run one function over one source, in the way that is named, and print what it told as JSON."""

import json
import os
import sys
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # blocks are the threads

import numpy as np
from functions import FUNCTIONS, REDUCED

import ndmem


def run_blocks(name, source, out, threads, budget):
    run = ndmem.map_blocks(
        FUNCTIONS[name],
        source,
        None if name in REDUCED else out,
        budget=budget,
        threads=threads,
        reduce=REDUCED.get(name),
    )
    assert run.plan is not None
    return {
        "predicted": run.predicted_nbytes,
        "told": run.peak_nbytes,
        "rows": run.plan.rows,
        "factor": run.needed.factor,
    }


def run_dask(name, source, out, threads, rows):
    """Run the same blocks as tasks of plain Dask."""
    from dask.threaded import get

    read = _open(source)
    function, combine = FUNCTIONS[name], REDUCED.get(name)
    written = None if combine else _create(out, function(read[:1]), read.shape[0], rows)

    def work(start):
        result = function(np.asarray(read[start : start + rows]))
        if combine:
            return result
        written[start : start + rows] = result
        return None

    graph = {("block", start): (work, start) for start in range(0, read.shape[0], rows)}
    done = get(graph, list(graph), num_workers=threads)
    while combine and len(done) > 1:
        done = [combine(*done[i : i + 2]) if i + 1 < len(done) else done[i] for i in range(0, len(done), 2)]
    return {}


def run_auto(name, source, out, threads, _):
    """Run Dask with the chunks that it chooses."""
    import dask
    import dask.array as da

    array = da.from_zarr(source) if source.endswith(".zarr") else da.from_array(np.load(source, mmap_mode="r"))
    array = array.rechunk(("auto", -1))
    function, combine = FUNCTIONS[name], REDUCED.get(name)
    with dask.config.set(scheduler="threads", num_workers=threads):
        if combine:
            parts = [dask.delayed(function)(block) for block in array.to_delayed().ravel()]
            while len(parts) > 1:
                parts = [
                    dask.delayed(combine)(*parts[i : i + 2]) if i + 1 < len(parts) else parts[i]
                    for i in range(0, len(parts), 2)
                ]
            parts[0].compute()
            return {}
        row = function(_open(source)[:1])
        found = array.map_blocks(function, dtype=row.dtype, chunks=(array.chunks[0], *((n,) for n in row.shape[1:])))
        da.store(found, _create(out, row, array.shape[0], array.chunks[0][0]), lock=False)
    return {}


def run_numpy(name, source, out, *_):
    """Run the whole array at once."""
    result = FUNCTIONS[name](np.asarray(_open(source)[:]))
    if name not in REDUCED:
        _create(out, result[:1], len(result), len(result))[:] = result
    return {}


def run_cubed(name, source, out, _, budget):
    """Run Cubed with what was measured."""
    run = ndmem.map_blocks(FUNCTIONS[name], source, out, budget=budget, engine="cubed")
    return {"predicted": run.predicted_nbytes, "told": run.peak_nbytes}


def _open(source):
    if source.endswith(".npy"):
        return np.load(source, mmap_mode="r")
    import zarr

    return zarr.open(source, mode="r")


def _create(out, row, length, rows):
    shape = (length, *row.shape[1:])
    if out.endswith(".npy"):
        return np.lib.format.open_memmap(out, "w+", row.dtype, shape)
    import zarr

    return zarr.create_array(out, shape=shape, dtype=row.dtype, chunks=(min(rows, 262), *row.shape[1:]))


def main():
    way, name, source, out, threads, amount = sys.argv[1:]
    ways = {"blocks": run_blocks, "dask": run_dask, "auto": run_auto, "numpy": run_numpy, "cubed": run_cubed}
    began = time.perf_counter()
    found = ways[way](name, source, out, int(threads), int(amount))
    print(json.dumps({"seconds": time.perf_counter() - began, **found}))


if __name__ == "__main__":
    main()
