"""Histogram of the grey levels of an image."""

import numpy as np

image = np.random.default_rng(2).integers(0, 256, size=2_000_000, dtype=np.uint8)
counts = np.bincount(image, minlength=256)  # guilty
print(counts[:4], image[:4])
