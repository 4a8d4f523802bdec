"""Station names in text fields of as many characters as they have."""

import numpy as np


def read_names(count):
    return np.array([f"ST{number:05d}" for number in range(count)], dtype="U7")


def run():
    names = read_names(20_000)
    first = names[::100].tolist()
    return first[:3], len(names)


print(run())
