"""A signal that is complex has no half to leave out."""

import numpy as np

signal = np.exp(2j * np.pi * np.linspace(0, 50, 2**18, endpoint=False))
spectrum = np.fft.fft(signal)
print(np.abs(spectrum[:100]).argmax(), f"{abs(signal[0]):.1f} {abs(spectrum[-1]):.1f}")
