"""One job on 800 MB with a budget of 300 MB: what each way out of a lack of memory needs, measured.

    python examples/five_ways.py [FOLDER]

writes the data to a folder (by default a temporary one), runs each way in a process of its own, and prints a table: the
peak of anonymous memory, which is what the kernel cannot drop, the peak of resident memory with the pages of files, and
seconds. The memory that Python and NumPy had before is left out; the blocks and the cluster need Dask and zarr.
"""

import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

import ndmem

ROWS, COLUMNS = 100_000, 1000
BUDGET = 300_000_000
CENTRE, SPREAD = np.linspace(-1, 1, COLUMNS), np.linspace(1, 2, COLUMNS)


def scale(block):
    """Scale rows, cut what is far out, and keep single precision."""
    return np.clip((block - CENTRE) / SPREAD, -3, 3).astype("f4")


def as_it_is():
    """Load the whole, and compute as one would write it down."""
    np.save("scaled.npy", scale(np.load("x.npy")))


def narrower():
    """Compute in single precision; the map is read row by row, so the numbers of 8 bytes are never in memory."""
    x = np.load("x.npy", mmap_mode="r").astype("f4")
    centre, spread = CENTRE.astype("f4"), SPREAD.astype("f4")
    np.save("scaled.npy", np.clip((x - centre) / spread, -3, 3))


def in_place():
    """Compute in the one array that is there."""
    x = np.load("x.npy")
    x -= CENTRE
    x /= SPREAD
    np.clip(x, -3, 3, out=x)
    np.save("scaled.npy", x.astype("f4"))


def narrower_in_place():
    """Both."""
    x = np.load("x.npy", mmap_mode="r").astype("f4")
    x -= CENTRE.astype("f4")
    x /= SPREAD.astype("f4")
    np.clip(x, -3, 3, out=x)
    np.save("scaled.npy", x)


def memory_map():
    """Compute in the file of the result."""
    x = np.load("x.npy", mmap_mode="r")
    scaled = np.lib.format.open_memmap("scaled.npy", "w+", "f4", x.shape)
    np.subtract(x, CENTRE, out=scaled, casting="same_kind")
    scaled /= SPREAD.astype("f4")
    np.clip(scaled, -3, 3, out=scaled)


def blocks():
    """Let ndmem choose the blocks."""
    Path("scaled.npy").unlink(missing_ok=True)
    base = _look()["RssAnon"]
    print(ndmem.map_blocks(scale, "x.npy", "scaled.npy", budget=base + BUDGET, threads=2), file=sys.stderr)


def cluster():
    """Give Dask's workers chunks that fit in them; the memory is that of the largest worker."""
    import dask  # noqa: PLC0415 (the other ways do without these, and would have their memory)
    import dask.array as da  # noqa: PLC0415
    import distributed  # noqa: PLC0415

    dask.config.set({"distributed.worker.memory.spill": False})
    limit = int(BUDGET / 0.6)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, memory_limit=limit, dashboard_address=None
        ) as workers,
        distributed.Client(workers) as client,
    ):
        chunks = ndmem.chunks("x.zarr", func=scale, workers=client)
        print(chunks, file=sys.stderr)
        client.run(_mark)
        x = da.from_zarr("x.zarr", chunks=chunks.shape)
        x.map_blocks(scale, dtype="f4").to_zarr("scaled.zarr", overwrite=True)
        peaks = client.run(_peaks).values()
    return max(anonymous for anonymous, _ in peaks), max(resident for _, resident in peaks)


WAYS = (as_it_is, narrower, in_place, narrower_in_place, memory_map, blocks, cluster)
_before, _peak = {}, {}


def _mark():
    """Note the memory of this process, and look at it again every few milliseconds: Linux keeps no peak of both."""
    _before.update(_look())
    _peak.update(_before)

    def watch():
        while True:
            for name, nbytes in _look().items():
                _peak[name] = max(_peak.get(name, 0), nbytes)
            time.sleep(0.003)

    threading.Thread(target=watch, daemon=True).start()


def _look():
    found = dict(re.findall(r"(RssAnon|VmRSS):\s+(\d+)", Path("/proc/self/status").read_text("ascii")))
    return {name: int(kib) * 1024 for name, kib in found.items()}


def _peaks():
    return tuple(_peak[name] - _before[name] for name in ("RssAnon", "VmRSS"))


def _write_data():
    """Write x.npy in blocks, and x.zarr for the cluster."""
    if not Path("x.npy").exists():
        x = np.lib.format.open_memmap("x.npy", "w+", "f8", (ROWS, COLUMNS))
        for start in range(0, ROWS, 10_000):
            x[start : start + 10_000] = np.random.default_rng(start).normal(size=(10_000, COLUMNS))
        x.flush()
    if not Path("x.zarr").exists():
        import zarr  # noqa: PLC0415 (as above)

        x = np.load("x.npy", mmap_mode="r")
        out = zarr.create_array("x.zarr", shape=x.shape, dtype=x.dtype, chunks=(1000, COLUMNS))
        for start in range(0, ROWS, 1000):
            out[start : start + 1000] = x[start : start + 1000]


def _run_here(name):
    """Run one way in this process, and print its figures."""
    _mark()
    began = time.perf_counter()
    peaks = globals()[name]() or _peaks()
    print(f"{name:<18} {peaks[0] / 1e6:>12,.0f} {peaks[1] / 1e6:>12,.0f} {time.perf_counter() - began:>8.1f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--way"]:
        _run_here(sys.argv[2])
    else:
        folder = sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()
        program = str(Path(__file__).resolve())
        subprocess.run([sys.executable, program, "--way", "_write_data"], cwd=folder, check=True, capture_output=True)
        print(f"{'':<18} {'anonymous MB':>12} {'resident MB':>12} {'seconds':>8}")
        for way in WAYS:
            subprocess.run([sys.executable, program, "--way", way.__name__], cwd=folder, check=True)
