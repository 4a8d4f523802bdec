"""Counts that an object was made with."""

import numpy as np


class Detector:
    def __init__(self, frames):
        self.counts = frames

    def calibrated(self):
        data = self.counts.astype(np.float32)
        data *= 2
        return data


frames = np.random.default_rng(1).integers(0, 4096, size=(10, 400, 400), dtype=np.uint16)
print(Detector(frames).calibrated().max())
