"""Normalise points to the unit sphere and say how long they were."""

import numpy as np

points = np.random.default_rng(3).random(size=(900_000, 3), dtype=np.float32)
lengths = np.sqrt((points**2).sum(axis=1))  # guilty
for axis in range(3):
    points[:, axis] /= lengths
print(f"{lengths.max():.3f} {points[0, 0]:.3f}")
