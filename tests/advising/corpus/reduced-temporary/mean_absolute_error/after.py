"""Mean absolute error of a forecast."""

import numpy as np


def mean_absolute_error(forecast, observed, block=16_384):
    total = 0.0
    for start in range(0, len(observed), block):
        part = slice(start, start + block)
        total += np.abs(forecast[part] - observed[part]).sum()
    return total / len(observed)


hours = np.linspace(0, 100, 1_000_000)
forecast, observed = np.sin(hours), np.sin(hours + 0.01)
print(f"{mean_absolute_error(forecast, observed):.6f} in {hours[-1]:.0f} hours")
