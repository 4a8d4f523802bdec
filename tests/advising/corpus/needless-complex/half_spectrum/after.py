"""Frequency with the most power."""

import numpy as np


def strongest(signal):
    half = len(signal) // 2
    spectrum = np.fft.rfft(signal)[:half]
    power = np.abs(spectrum)
    return power[1:].argmax() + 1


signal = np.sin(np.arange(2**19) * 2 * np.pi * 300 / 2**19)
print(strongest(signal), signal.shape)
