"""Collect readings with np.append, which copies all that came before at every step."""

import numpy as np

reading = np.arange(120_000, dtype=np.float64)
log = reading.copy()

for _ in range(7):
    log = np.append(log, reading)

print(log.shape)
