"""A list of many points, each a tiny array: nothing large, and still most of the memory."""

import numpy as np

track = np.arange(50_000, dtype=np.float64)
points = [np.zeros(3) for _ in range(40_000)]

print(track.shape, len(points))
