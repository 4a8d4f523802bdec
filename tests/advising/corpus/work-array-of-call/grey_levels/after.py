"""Histogram of the grey levels of an image."""

import numpy as np

image = np.random.default_rng(2).integers(0, 256, size=2_000_000, dtype=np.uint8)
counts = np.zeros(256, dtype=np.intp)
for start in range(0, len(image), 8_192):
    counts += np.bincount(image[start : start + 8_192], minlength=256)
print(counts[:4], image[:4])
