"""Points of a path, in the rows of one array."""

import numpy as np


def walk(count):
    step = np.array([0.5, 0.25, 0.125])
    points = np.zeros((count, 3))
    for number in range(1, count):
        np.add(points[number - 1], step, out=points[number])
    return points


points = walk(400_000)
print(len(points), points[-1].tolist())
