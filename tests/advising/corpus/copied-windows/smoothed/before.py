"""Smooth a signal with a moving mean."""

import numpy as np

signal = np.cos(np.arange(60_000) * 0.01)
width = 40
smooth = np.stack([signal[i : i + width] for i in range(signal.size - width + 1)]).mean(axis=1)  # guilty
print(f"{smooth.max():.6f}")
