"""Errors that are kept as text, and one that is stored without its traceback."""

import numpy as np


def solve(number):
    tile = np.full((500, 400), float(number))
    if number % 2:
        raise ValueError(f"tile {number} has no solution")
    return float(tile.mean())


def run():
    texts, last, means = [], None, []
    for number in range(12):
        try:
            means.append(solve(number))
        except ValueError as error:
            texts.append(str(error))
            last = error.with_traceback(None)
    return texts, last, means


texts, last, means = run()
print(sum(means), texts, last)
