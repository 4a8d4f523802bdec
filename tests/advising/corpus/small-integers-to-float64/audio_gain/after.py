"""Levels of 16-bit samples of audio."""

import numpy as np


def load(seconds):
    return np.tile(np.arange(2_000, dtype=np.int16), seconds * 22)


def to_decibel(samples):
    signal = samples.astype(np.float32)
    power = signal * signal
    power += 1.0
    return signal, np.log10(power, out=power)


samples = load(20)
signal, level = to_decibel(samples)
print(f"{level.max():.3f} {signal.max():.0f} {len(samples)}")
