"""Distance of each cell of a grid from a station."""

import numpy as np

x = np.random.default_rng(0).random(1_200_000)
y = np.random.default_rng(1).random(1_200_000)
distance = x - 0.5
np.hypot(distance, y - 0.25, out=distance)
nearest = distance.argmin()
print(nearest, f"{x[nearest]:.6f} {y[nearest]:.6f} {distance[nearest]:.6f}")
