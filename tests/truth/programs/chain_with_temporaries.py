"""Calibrate a detector: one expression with three operators, once on large and once on small arrays."""

import numpy as np

counts = np.arange(700_000, dtype=np.float64)
gain = np.arange(700_000, dtype=np.float64)
offset = np.arange(700_000, dtype=np.float64)
exposure = np.arange(1, 700_001, dtype=np.float64)

calibrated = (counts * gain + offset) / exposure
residual = counts - gain * offset

row = np.arange(25_000, dtype=np.float64)
weight = np.arange(1, 25_001, dtype=np.float64)
scaled = (row * weight + row) / weight

print(calibrated.shape, residual.shape, scaled.shape)
