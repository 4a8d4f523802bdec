"""Distance of each house to each city."""

import numpy as np
from scipy.spatial.distance import cdist

rng = np.random.default_rng(4)
houses = rng.random((3000, 3))
cities = rng.random((200, 3))
distances = cdist(houses, cities)
print(f"{distances.min(axis=1).mean():.6f}")
