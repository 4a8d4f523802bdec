"""A file that two parts of variable length together read whole."""

import tempfile
from pathlib import Path

import numpy as np


class Split:
    def __init__(self, path, count):
        self.table = np.load(path)
        self.count = count

    def train(self):
        return self.table[: self.count]

    def test(self):
        return self.table[self.count :]


with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "table.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (1000, 1000)})
        for _ in range(1000):
            file.write(np.ones(1000).tobytes())
    split = Split(path, 800)
    print(split.train()[0, 0], split.test()[0, 0])
