import numpy as np


def fft(x):
    if len(x) <= 1024:
        return np.fft.fft(x)
    even, odd = fft(x[::2]), fft(x[1::2])
    w = np.exp(-2j * np.pi * np.arange(len(x) // 2) / len(x)) * odd
    return np.concatenate([even + w, even - w])


print(abs(fft(np.random.default_rng(0).random(1 << 20))).max() > 0)
