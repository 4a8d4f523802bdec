"""Scale a table to metres."""

import numpy as np


def load():
    return np.arange(2_000_000, dtype=np.float64).reshape(-1, 4)


table = load()
table = table * 0.001  # guilty
print(table[-1])
