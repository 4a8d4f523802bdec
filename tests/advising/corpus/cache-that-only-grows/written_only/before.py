"""Fit a model and log each residual."""

import numpy as np


class Solver:
    history = []

    def step(self, k):
        residual = np.cos(np.arange(200_000) / (k + 1))
        Solver.history.append(residual)  # guilty
        return np.abs(residual).max()


solver = Solver()
print([round(float(solver.step(k)), 6) for k in range(15)][-1])
