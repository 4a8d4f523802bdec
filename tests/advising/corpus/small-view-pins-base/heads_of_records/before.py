"""Keep the first samples of each record."""

import numpy as np


def read_record(number):
    return np.random.default_rng(number).standard_normal(500_000)


heads = []
for number in range(8):
    record = read_record(number)
    heads.append(record[:50])  # guilty
print(f"{sum(head.sum() for head in heads):.6f}")
