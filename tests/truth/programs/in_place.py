"""Normalise without new arrays, then shift an array onto itself, which needs a hidden copy."""

import numpy as np

signal = np.arange(800_000, dtype=np.float64)
gain = np.arange(1, 800_001, dtype=np.float64)

signal *= gain
signal -= gain
np.sqrt(gain, out=gain)

signal[1:] += signal[:-1]

print(signal.shape, gain.shape)
