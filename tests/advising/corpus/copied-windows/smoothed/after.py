"""Smooth a signal with a moving mean."""

import numpy as np

signal = np.cos(np.arange(60_000) * 0.01)
width = 40
smooth = np.lib.stride_tricks.sliding_window_view(signal, width).mean(axis=1)
print(f"{smooth.max():.6f}")
