"""One line that allocates a large array that stays, and many tiny ones that do not."""

import numpy as np


def ramp(count):
    return np.zeros(count)


kept = ramp(1_000_000)
sums = [ramp(number % 9 + 1).sum() for number in range(60_000)]
print(len(kept), sum(sums))
