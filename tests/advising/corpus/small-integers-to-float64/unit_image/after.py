"""Bring an 8-bit image to the range from 0 to 1."""

import numpy as np

image = np.random.default_rng(1).integers(0, 256, size=(1_000, 1_600), dtype=np.uint8)
unit = image / np.float32(255)
print(f"{unit.mean():.4f} {image[0, 0]}")
