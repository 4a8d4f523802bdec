"""Points of a path, each an array of three numbers."""

import numpy as np


def walk(count):
    step = np.array([0.5, 0.25, 0.125])
    points = [np.zeros(3)]
    for _ in range(count - 1):
        points.append(points[-1] + step)  # guilty
    return points


points = walk(400_000)
print(len(points), points[-1].tolist())
