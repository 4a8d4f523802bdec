"""Energy of a signal."""

import numpy as np

signal = np.random.default_rng(1).standard_normal(2_000_000)
energy = np.vdot(signal, signal)
print(f"{energy:.1f}")
