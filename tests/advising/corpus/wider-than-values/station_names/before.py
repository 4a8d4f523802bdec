"""Station names in text fields of 64 characters, as the format of their files has them."""

import numpy as np


def read_names(count):
    return np.array([f"ST{number:05d}" for number in range(count)], dtype="U64")  # guilty


def run():
    names = read_names(20_000)
    first = names[::100].tolist()
    return first[:3], len(names)


print(run())
