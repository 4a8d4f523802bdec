"""Track a Dask cluster: two workers normalise the chunks of an array, one of which is four times as large."""

import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

import ndmem


def normalise(block: np.ndarray) -> np.ndarray:
    """Scale the columns of a block to mean 0 and deviation 1, in single precision."""
    centred = block - block.mean(axis=0)
    scaled = centred / (block.std(axis=0) + 1e-9)
    return np.clip(scaled, -3, 3).astype(np.float32)


def main() -> None:
    """Compute on a cluster of two processes, and print the report."""
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster:
        with Client(cluster) as client, ndmem.dask.track(client) as run:
            table = da.random.default_rng(0).random((40_000, 500), chunks=((20_000, 5_000, 5_000, 10_000), 500))
            print(float(table.map_blocks(normalise, dtype="f4").max().compute()))
        run.report()


if __name__ == "__main__":
    main()
