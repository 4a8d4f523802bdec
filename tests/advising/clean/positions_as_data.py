"""Positions that are the result, not only an index."""

import numpy as np

signal = np.sin(np.arange(0, 5_000, 0.005))
rising = np.flatnonzero(signal > 0)
gaps = int((rising[1:] != rising[:-1] + 1).sum())
print(len(rising), gaps, f"{signal[rising[0]]:.4f} {rising[-1]}")
