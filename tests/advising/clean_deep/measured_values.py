"""Values that need double precision, times that need 64 bits, and complex numbers that are not real."""

import numpy as np


def run():
    values = np.random.default_rng(1).normal(size=400_000)
    times = np.arange(400_000) * 86_400_000_000_000 + 1_600_000_000_000_000_000
    waves = np.empty(400_000, complex)
    waves.real = values
    waves.imag[::2] = 1
    return values, times, waves


values, times, waves = run()
print(values.shape, times[-1], waves.dtype)
