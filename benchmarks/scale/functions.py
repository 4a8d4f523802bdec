"""The eight functions that blocks are measured with: each from an array of rows to rows, or to a partial result."""

import numpy as np
from scipy.signal import fftconvolve

_KERNEL = np.ones((1, 25)) / 25
_POINTS = np.random.default_rng(1).standard_normal((2_000, 3))


def normalise(block):
    """Normalise, clip and narrow the rows."""
    centred = (block - block.mean(axis=1, keepdims=True)) / block.std(axis=1, keepdims=True)
    return np.clip(centred, -3, 3).astype(np.float32)


def log_where(block):
    """Take the logarithm where the values are positive."""
    return np.where(block > 0, np.log1p(np.abs(block)), 0.0)


def rank(block):
    """Rank the values of each row."""
    return np.argsort(np.argsort(block, axis=1), axis=1)


def smooth(block):
    """Smooth each row by a Fourier transform."""
    return fftconvolve(block, _KERNEL, mode="same", axes=1)


def rolling_std(block):
    """Take the standard deviation of 25 values at a time."""
    return np.lib.stride_tricks.sliding_window_view(block, 25, axis=1).std(axis=-1)


def denoise(block):
    """Rebuild rows from their largest singular values."""
    u, s, vt = np.linalg.svd(block, full_matrices=False)
    return (u[:, :16] * s[:16]) @ vt[:16]


def moments(block):
    """Return count, sums and products, from which mean and covariance come."""
    return len(block), block.sum(axis=0), block.T @ block


def distances(block):
    """Return the distances of the first three columns to 2,000 points."""
    return np.sqrt(((block[:, None, :3] - _POINTS) ** 2).sum(axis=-1))


def add(one, other):
    """Add partial results."""
    return tuple(a + b for a, b in zip(one, other, strict=True))


FUNCTIONS = {f.__name__: f for f in (normalise, log_where, rank, smooth, rolling_std, denoise, moments, distances)}
REDUCED = {"moments": add}
COLUMNS = {"denoise": 128, "distances": 1_000}
