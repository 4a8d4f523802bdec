"""Sum weighted frames that a generator expression makes one at a time."""

import numpy as np

dark = np.arange(500_000, dtype=np.float64)
frame = np.arange(500_000, dtype=np.float64)
gains = [np.arange(1, 2, dtype=np.float64) for _ in range(5)]

image = sum((frame * gain for gain in gains), start=dark)

print(image.shape)
