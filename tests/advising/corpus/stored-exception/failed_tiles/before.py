"""Tiles of which some have no solution: the errors are listed at the end."""

import numpy as np


def solve(number):
    tile = np.full((500, 400), float(number))
    if number % 2:
        raise ValueError(f"tile {number} has no solution")
    return float(tile.mean())


def run():
    failed, means = [], []
    for number in range(12):
        try:
            means.append(solve(number))
        except ValueError as error:
            failed.append(error)  # guilty
    return failed, means


failed, means = run()
print(sum(means), [str(error) for error in failed])
