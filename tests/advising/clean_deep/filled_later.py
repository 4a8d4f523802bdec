"""An array that holds small integers until the last step: what counts is what it holds when it dies."""

import numpy as np


def fill(totals, number):
    totals[number::4] = number
    return totals[:4].sum()


def run():
    totals = np.zeros(400_000)
    seen = [fill(totals, number) for number in range(4)]
    totals += 0.1
    return len(seen), totals.max()


print(run())
