"""Many tiny arrays, of which few live at the same time."""

import numpy as np


def walk(count):
    point = np.zeros(3)
    for number in range(count):
        point = point + np.array([0.5, number, 0.125])
    return point


print(walk(100_000).tolist(), [np.ones(3).sum() for _ in range(5)])
