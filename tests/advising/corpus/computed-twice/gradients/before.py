"""Two figures of the same differences."""

import numpy as np


def main():
    track = np.cumsum(np.linspace(-1.0, 1.0, 1_200_000))
    steps = np.diff(track)
    climbs = np.diff(track)  # guilty
    print(f"{climbs.max():.4f} {steps.min():.4f} {track[-1]:.4f}")


main()
