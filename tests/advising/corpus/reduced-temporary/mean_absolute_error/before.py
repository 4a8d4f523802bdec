"""Mean absolute error of a forecast."""

import numpy as np


def mean_absolute_error(forecast, observed):
    return np.abs(forecast - observed).mean()  # guilty


hours = np.linspace(0, 100, 1_000_000)
forecast, observed = np.sin(hours), np.sin(hours + 0.01)
print(f"{mean_absolute_error(forecast, observed):.6f} in {hours[-1]:.0f} hours")
