"""Scale features by constants of a configuration."""

import numpy as np

SCALE = np.array([0.5, 0.25, 0.125, 1.0])


def scale(features):
    return features / SCALE  # guilty


def main():
    features = np.full((500_000, 4), 2, dtype=np.float32)
    scaled = scale(features)
    print(scaled[0], features[0])


main()
