"""Remove the mean from frames of a camera."""

import numpy as np


class Movie:
    def __init__(self, frames):
        self.frames = np.zeros((frames, 200, 200), dtype=np.uint8)
        self.frames[::2] = 40

    def centred(self):
        return self.frames - self.frames.mean()  # guilty


movie = Movie(50)
centred = movie.centred()
print(f"{centred[0, 0, 0]:.3f} {centred[1, 0, 0]:.3f} {movie.frames.shape}")
