"""Read a few rows of a file."""

import tempfile
from pathlib import Path

import numpy as np


def write(path):
    rng = np.random.default_rng(1)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (2000, 1000)})
        for _ in range(2000):
            file.write(rng.random(1000).tobytes())


def first_rows(path):
    table = np.load(path, mmap_mode="r")
    return table[:3].sum(axis=1) + table[1999, 0]


with tempfile.TemporaryDirectory() as folder:
    write(Path(folder) / "table.npy")
    print(first_rows(Path(folder) / "table.npy").round(6))
