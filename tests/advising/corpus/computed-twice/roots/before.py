"""Range and mean of the roots of pressures."""

import numpy as np


class Gauge:
    def __init__(self, count):
        self.pressure = np.linspace(1.0, 9.0, count)

    def describe(self):
        speed = np.sqrt(self.pressure)
        fastest = speed.max()
        again = np.sqrt(self.pressure)  # guilty
        return f"{fastest:.3f} {again.mean():.6f} {speed[0] - again[-1]:.3f}"


print(Gauge(1_000_000).describe())
