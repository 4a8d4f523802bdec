"""A series in parts, joined, and its spectrum."""

import numpy as np


class Recorder:
    def __init__(self, n_parts):
        self.n_parts = n_parts

    def read(self, part):
        return np.sin(np.arange(100_000) * 0.001 * (part + 1))

    def spectrum(self):
        parts = []
        for part in range(self.n_parts):
            parts.append(self.read(part))
        series = np.zeros(100_000)
        for values in parts:
            series += values
        del parts, values
        table = np.ones((30, 100_000))
        table *= series
        return table.sum(axis=1)


print(Recorder(12).spectrum()[:2].round(6))
