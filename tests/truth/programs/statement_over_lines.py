"""Energy of a signal, written as one statement over several lines."""

import numpy as np

signal = np.arange(900_000, dtype=np.float64)
weights = np.arange(900_000, dtype=np.float64)

energy = np.maximum(
    weights,
    np.square(
        signal,
    ),
)

print(energy.shape)
