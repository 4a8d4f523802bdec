"""Functions whose path or whose dtypes follow from the size."""

import bisect
import functools
import types
from collections import namedtuple
from typing import Any

import numpy as np
from families.case import Dim, from_arguments, from_make, from_specs

_Tier = namedtuple("_Tier", "name upto")  # as old programs have it
TIERS = (_Tier("direct", 50_000), _Tier("tiled", 900_000), _Tier("coarse", 2**62))
PREVIEW = types.SimpleNamespace(nbytes=40 * 2**20)
PADDED = [10**power * digit for power in range(3, 9) for digit in (1, 2, 5)]


class Policy:
    """Base of the policies: how many rows are sorted at once."""

    rows = 700_000

    def is_whole(self, x: Any) -> bool:
        """Tell whether an array is sorted at once."""
        return x.shape[0] <= self.rows


class Patient(Policy):
    """A policy that inherits its limit."""


def sort_by_policy(x: Any) -> Any:
    if Patient().is_whole(x):
        return np.sort(x, axis=0)
    return np.concatenate([np.sort(part, axis=0) for part in np.array_split(x, 8)])


def distances_by_tier(points: Any) -> Any:
    tier = next(tier for tier in TIERS if len(points) <= tier.upto)
    if tier.name == "direct":
        return np.linalg.norm(points[:, None, :] - points[None, :64, :], axis=-1).min(axis=1)
    if tier.name == "tiled":
        return np.abs(points - points.mean(axis=0)).sum(axis=1)
    return np.abs(points[::4] - points.mean(axis=0)).sum(axis=1)


def preview(image: Any) -> Any:
    while image.nbytes > PREVIEW.nbytes:
        image = (image[::2, ::2] + image[1::2, ::2] + image[::2, 1::2] + image[1::2, 1::2]) / 4
    return np.sqrt(image)


def padded_buffer(x: Any) -> Any:
    padded = np.zeros(PADDED[bisect.bisect_left(PADDED, len(x))], x.dtype)
    padded[: len(x)] = x
    return padded.reshape(-1, 100).sum(axis=1)


def _scale(limit: int, x: Any) -> Any:
    if x.size >= limit:
        return (x * 3).astype(np.float32)
    return x * 3


scale_partially = functools.wraps(_scale)(functools.partial(_scale, 60_000_000))
scale_partially.__name__ = "scale_partially"


def gram_in_budget(x: Any, budget: float = 1.2e8) -> Any:
    n = len(x)
    pieces = max(1, round(8 * n * n / budget))
    return np.concatenate([(piece @ x.T).max(axis=1) for piece in np.array_split(x, pieces)])


def narrow_counts(n: int) -> Any:
    counts = np.arange(n) * 7
    narrow = counts.astype(np.min_scalar_type(int(counts.max())))
    return np.tile(narrow, 4)


def bit_planes(values: Any) -> Any:
    width = int(values.size).bit_length()
    return (np.arange(values.size)[:, None] >> np.arange(width)) & 1 == 1


def decimal_text(n: int) -> Any:
    return np.strings.add(np.strings.mod(np.array("%d"), np.arange(n)), ";")


def next_power_spectrum(signal: Any) -> Any:
    length = 1 << (len(signal) - 1).bit_length()
    return np.abs(np.fft.rfft(signal, length))


def haar(signal: Any) -> Any:
    details = []
    while len(signal) > 1:
        even = signal[: len(signal) // 2 * 2]
        details.append((even[::2] - even[1::2]) / 2)
        signal = (even[::2] + even[1::2]) / 2
    return details


def total_in_half(x: Any) -> Any:
    with np.errstate(over="ignore"):
        total = x.astype(np.float16).sum(dtype=np.float16)
    return x / total if np.isfinite(total) else x.astype(np.float64) / x.sum(dtype=np.float64)


def _rows(n: int, d: int) -> Any:
    return np.random.default_rng(31).random((n, d))


LIMITED = (
    from_specs(sort_by_policy, "f8[n, 4]", n=2_500_000),
    from_make(distances_by_tier, lambda n: _rows(n, 3), n=3_000_000),
    from_specs(preview, "f8[h, w]", h=6000, w=5000),
    from_specs(padded_buffer, "f8[n]", n=30_000_000),
    from_specs(scale_partially, "f8[n]", n=75_000_000),
    from_arguments(gram_in_budget, lambda n: _rows(n, 16), n=9000),
)

GROWING = (
    from_specs(narrow_counts, Dim("n"), n=20_000_000),
    from_specs(bit_planes, "f4[n]", n=3_000_000),
    from_specs(decimal_text, Dim("n"), n=2_000_000),
    from_specs(next_power_spectrum, "f8[n]", n=9_000_000),
    from_specs(haar, "f8[n]", n=15_000_000),
    from_specs(total_in_half, "f4[n]", n=25_000_000),
)
