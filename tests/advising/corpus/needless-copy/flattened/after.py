"""Statistics over all pixels of an image."""

import numpy as np

image = np.random.default_rng(1).random((1_000, 1_200))
pixels = image.ravel()
print(f"{pixels.min():.6f} {pixels.max():.6f} {pixels.mean():.6f} {image.shape}")
