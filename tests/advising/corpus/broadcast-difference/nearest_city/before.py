"""Distance of each house to each city."""

import numpy as np

rng = np.random.default_rng(4)
houses = rng.random((3000, 3))
cities = rng.random((200, 3))
distances = np.sqrt(((houses[:, None, :] - cities[None, :, :]) ** 2).sum(axis=-1))  # guilty
print(f"{distances.min(axis=1).mean():.6f}")
