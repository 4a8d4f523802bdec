"""A memo that is full before most of the work begins."""

import numpy as np

TABLES = {}


def table(kind):
    if kind not in TABLES:
        TABLES[kind] = np.random.default_rng(kind).random(300_000)
    return TABLES[kind]


total = 0.0
for number in range(60):
    work = np.full(300_000, 1.0)
    work *= table(number % 5)
    total += work.sum()
print(round(total, 4))
