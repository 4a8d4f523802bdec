"""Cosine of two vectors."""

import numpy as np


def cosine(first, second):
    first = np.asarray(first)
    return np.dot(first, second) / np.sqrt(np.dot(first, first) * np.dot(second, second))


a = np.linspace(0.0, 1.0, 1_000_000)
b = a[::-1]
print(f"{cosine(a, b):.6f} {a[-1]}")
