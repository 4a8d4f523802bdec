"""A scaled image, from which another function computes a product."""

import numpy as np


def scale(image):
    return image / np.float32(255.0)


image = np.random.default_rng(1).integers(0, 256, size=(1_000, 1_000, 3), dtype=np.uint8)
scaled = scale(image)
grey = scaled @ np.array([0.25, 0.5, 0.25], dtype=scaled.dtype)
print(grey.shape, round(float(grey.max()), 4))
