"""Fill what a sensor did not measure."""

import numpy as np


def fill(series, valid, value):
    series[np.where(~valid)] = value  # guilty
    return series


series = np.ones(1_200_000)
valid = np.zeros(1_200_000, dtype=bool)
valid[::3] = True
print(f"{fill(series, valid, -1.0).sum():.1f} {valid.sum()}")
