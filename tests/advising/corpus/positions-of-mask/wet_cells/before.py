"""Mean rain of the wet cells of a map."""

import numpy as np


class Rain:
    def __init__(self, side):
        self.depth = np.tile(np.arange(4.0), (side, side // 4))

    def mean_of_wet(self):
        wet = np.nonzero(self.depth > 0.5)  # guilty
        return self.depth[wet].mean()


rain = Rain(1_000)
print(f"{rain.mean_of_wet():.3f} {rain.depth.shape}")
