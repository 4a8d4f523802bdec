"""A spectrogram of windows, which are a view, by an object that is called."""

import numpy as np


class Spectrogram:
    def __init__(self, size):
        self.size = size

    def __call__(self, signal):
        windows = np.lib.stride_tricks.sliding_window_view(signal, self.size)[:: self.size // 4]
        spectrum = np.fft.rfft(windows)
        return np.abs(spectrum[:, : self.size // 2])


shown = Spectrogram(1024)(np.sin(np.linspace(0, 5000, 200_000)))
print(shown.shape, shown.argmax(axis=1)[:3])
