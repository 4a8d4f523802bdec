"""Report of a series, which is copied for safety and only read."""

import numpy as np


class Report:
    def describe(self, series):
        low, high = series.min(), series.max()
        return f"{low:.6f} {high:.6f} {series[len(series) // 2]:.6f}"


series = np.random.default_rng(7).random(1_500_000)
print(Report().describe(series), f"{series[0]:.6f}")
