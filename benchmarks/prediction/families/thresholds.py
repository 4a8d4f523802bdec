"""Functions that take another path at large sizes, for a reason that small runs do not meet.

The limits are where programs keep them: in a dict, an object, an attribute, an argument's default, a closure, the
environment, a text that is parsed, another module; some are computed. Some lie within what can be measured, some
beyond.
"""

import bisect
import contextvars
import enum
import json
import math
import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import limits
from .case import Dim, from_arguments, from_make, from_specs

CONFIG: dict[str, Any] = {"direct": 400_000, "far": {"rows": 45_000_000}, "workers": 6, "cells": 12_000_000}
LIMITS = json.loads('{"pairs": {"dense": 3500, "block": 500}, "memory": "300 MiB"}')
STEPS = np.array([200_000, 2_000_000, 20_000_000])
PRECISION = contextvars.ContextVar("PRECISION", default=3_000_000)
os.environ.setdefault("BENCH_SORT_AT_ONCE", "1500000")
_SHIFT, _KIB = 21, 30_000


@dataclass(frozen=True)
class Settings:
    """Settings of the functions below."""

    rows_per_block: int = 250_000
    most_blocks: int = 8
    nbytes_at_once: int = 64 * 2**20
    scratch_rows: int = 800_000
    pieces: tuple[int, ...] = field(default=(1 << 16, 1 << 19))


SETTINGS = Settings()


class Kind(enum.IntEnum):
    """Numbers of rows from which a table is long, and very long."""

    LONG = 600_000
    VERY_LONG = 30_000_000


def ranks_of_short(x: Any) -> Any:
    """Rank short arrays exactly, and long ones by a histogram."""
    if len(x) <= CONFIG["direct"]:
        return np.argsort(np.argsort(x)) / len(x)
    bins = np.floor(x * 1000).astype(np.int16)
    return np.cumsum(np.bincount(bins, minlength=1001))[bins].astype(np.float32)


def sums_by_block(x: Any) -> Any:
    blocks = [x[at : at + SETTINGS.rows_per_block] for at in range(0, len(x), SETTINGS.rows_per_block)]
    return np.array([np.sqrt(block * 2 + 1).sum() for block in blocks])


def smooth_with_limit(x: Any, *, limit: int = 1_200_000) -> Any:
    if len(x) > limit:
        x = x.astype(np.float32)
    total = np.cumsum(np.pad(x, 8))
    return (total[16:] - total[:-16]) / np.float32(16)


def _make_outlier_filter(limit: int) -> Callable[[Any], Any]:
    def filter_outliers(x: Any) -> Any:
        if x.size < limit:
            return np.where(np.abs(x - np.median(x)) < 0.4, x, 0)
        return np.clip(x, 0.1, 0.9, out=np.empty_like(x))

    return filter_outliers


filter_outliers = _make_outlier_filter(limit=900_000)


def sort_in_environment(x: Any) -> Any:
    if x.size > int(os.environ["BENCH_SORT_AT_ONCE"]):
        return np.concatenate([np.sort(part) for part in np.array_split(x, 4)])
    return np.sort(x)


class Normaliser:
    """Normalises with a 64-bit copy up to a number of elements."""

    most_elements = 5_000_000

    def normalise(self, x: Any) -> Any:
        """Scale to 0 to 1."""
        wide = x if x.size > self.most_elements else x.astype(np.float64)
        return (wide - wide.min()) / (wide.max() - wide.min())


def nearest_pair(points: Any) -> Any:
    if len(points) <= LIMITS["pairs"]["dense"]:
        return np.abs(points[:, None] - points).sum(axis=-1).argmin(axis=1)
    step = LIMITS["pairs"]["block"]
    blocks = (points[at : at + step, None] - points for at in range(0, len(points), step))
    return np.concatenate([np.abs(block).sum(axis=-1).argmin(axis=1) for block in blocks])


def widen_beyond_power(n: int) -> Any:
    dtype = np.int64 if n > 1 << _SHIFT else np.int32
    return np.arange(n, dtype=dtype)[::-1].copy() * dtype(2)


def multiply_beyond_kib(a: Any, b: Any) -> Any:
    out = a[:, :1] * b[:1]
    if out.size > _KIB * 1024 // 8:
        return out + a.sum() - b.sum()
    return out + a @ b


def totals_of_table(x: Any) -> Any:
    if limits.is_large(len(x), "table"):
        return x.sum(axis=0, dtype=np.float64)
    return x.astype(np.float64).cumsum(axis=0)[-1]


def log_by_nbytes(x: Any) -> Any:
    if x.nbytes > SETTINGS.nbytes_at_once:
        out = np.empty_like(x)
        for row, into in zip(x, out, strict=True):
            np.log1p(row, out=into)
        return out
    return np.log(1 + x) - np.log(1 + x.mean())


def outer_by_cells(a: Any, b: Any) -> Any:
    if len(a) * len(b) > CONFIG["cells"]:
        return np.array([np.abs(each - b).min() for each in a])
    return np.abs(a[:, None] - b).min(axis=1)


def quantiles_of_blocks(x: Any) -> Any:
    count = -(-len(x) // SETTINGS.rows_per_block)
    parts = np.array_split(x, count)
    if count > SETTINGS.most_blocks:
        return np.mean([np.sort(part)[:: len(part) // 4][:4] for part in parts], axis=0)
    return np.sort(np.concatenate(parts))[:: len(x) // 4]


class Cache(OrderedDict[int, Any]):
    """Keeps the latest values."""

    def __init__(self, megabytes: int) -> None:
        super().__init__()
        self.most_nbytes = megabytes << 20

    def add(self, key: int, value: Any) -> None:
        """Keep a value; drop the oldest ones beyond the size of the cache."""
        self[key] = value
        while sum(each.nbytes for each in self.values()) > self.most_nbytes:
            self.popitem(last=False)


def cached_spectra(frames: Any) -> Any:
    cache = Cache(megabytes=120)
    for i, frame in enumerate(frames):
        cache.add(i, np.fft.rfft(frame))
    return sum(float(np.abs(each).max()) for each in cache.values())


def pending_results(x: Any) -> Any:
    pending, total = [], 0.0
    for at in range(0, len(x), 100_000):
        pending.append(x[at : at + 100_000] ** 1.5)
        if len(pending) == 2 * CONFIG["workers"]:
            total += float(np.concatenate(pending).sum())
            pending.clear()
    return total + sum(float(part.sum()) for part in pending)


def blocks_at_least_one(x: Any) -> Any:
    count = max(1, len(x) // limits.piece_rows(x.shape[1]))
    return np.concatenate([np.exp(part - part.max()).sum(axis=1) for part in np.array_split(x, count)])


def capped_scratch(x: Any) -> Any:
    scratch = np.empty((min(len(x), SETTINGS.scratch_rows), 40))
    for at in range(0, len(x), len(scratch)):
        part = x[at : at + len(scratch)]
        np.multiply(part[:, None], np.arange(40), out=scratch[: len(part)])
    return scratch.sum(axis=0)


def copies_by_step(x: Any) -> Any:
    level = int(np.searchsorted(STEPS, len(x)))
    return [np.roll(x, shift) for shift in range(1 + 2 * level)]


def split_at_most(x: Any) -> Any:
    parts = np.array_split(x, min(CONFIG["workers"], math.ceil(len(x) / SETTINGS.pieces[1])))
    return [float(np.convolve(part, np.ones(3)).max()) for part in parts]


def far_rows(x: Any) -> Any:
    if len(x) > CONFIG["far"]["rows"]:
        return (x * np.float32(0.5)).sum()
    return (np.sort(x) - np.mean(x)).sum()


def _parse_memory(text: str) -> int:
    number, unit = text.split()
    return int(number) * 1024 ** ("B", "KiB", "MiB", "GiB").index(unit)


def product_in_memory(a: Any, b: Any) -> Any:
    if 8 * len(a) * len(b) > _parse_memory(LIMITS["memory"]):
        return np.stack([(a @ column) for column in b[:: len(b) // 50]], axis=1).max(axis=0)
    return (a @ b.T).max(axis=0)


class Ranker:
    """Ranks in float32 beyond a number of rows that its scale sets."""

    def __init__(self, scale: float) -> None:
        self._rows = scale * 1e6

    def rank(self, x: Any) -> Any:
        """Return the rank of each element as a fraction."""
        order = np.argsort(x)
        ranks = np.empty(len(x), np.float32 if len(x) > self._rows else np.float64)
        ranks[order] = np.arange(len(x))
        return ranks / len(x)


def rolling_in_context(x: Any) -> Any:
    width = 4 if len(x) > PRECISION.get() else 12
    return np.lib.stride_tricks.sliding_window_view(x, width).copy().max(axis=1)


def columns_by_kind(n: int) -> Any:
    if n > Kind.VERY_LONG:
        return [np.zeros(n, np.uint8) for _ in range(8)]
    columns = [np.ones(n, np.float32)]
    return columns if n <= Kind.LONG else [*columns, np.arange(n, dtype=np.float64) * 0.1]


def bisected_blocks(x: Any) -> Any:
    at = bisect.bisect(SETTINGS.pieces, len(x))
    block = (len(x), len(x) // 4, len(x) // 32)[at]
    return max(float(np.unique(x[start : start + block]).max()) for start in range(0, len(x), block))


def _uniform(n: int) -> Any:
    return np.random.default_rng(0).random(n)


def _single(n: int) -> Any:
    return np.random.default_rng(0).random(n, np.float32)


def _table(n: int, d: int) -> Any:
    return np.random.default_rng(0).random((n, d))


def _two_tables(n: int, m: int, d: int) -> tuple[Any, ...]:
    return _table(n, d), _table(m, d)


CASES = (
    from_specs(ranks_of_short, "f8[n]", n=8_000_000),
    from_specs(sums_by_block, "f8[n]", n=20_000_000),
    from_specs(smooth_with_limit, "f8[n]", n=15_000_000),
    from_specs(filter_outliers, "f8[n]", n=12_000_000),
    from_make(sort_in_environment, _uniform, n=20_000_000),
    from_specs(Normaliser().normalise, "f4[n]", n=40_000_000),
    from_specs(nearest_pair, "f8[n, d]", n=9000, d=3),
    from_specs(widen_beyond_power, Dim("n"), n=20_000_000),
    from_specs(multiply_beyond_kib, "f8[n, d]", "f8[d, m]", n=8000, m=6000, d=24),
    from_make(totals_of_table, _table, n=1_500_000, d=24),
    from_specs(log_by_nbytes, "f8[n, d]", n=10_000, d=3000),
    from_specs(outer_by_cells, "f8[n]", "f8[m]", n=12_000, m=4000),
    from_make(quantiles_of_blocks, _uniform, n=16_000_000),
    from_make(cached_spectra, _table, n=3000, d=16_384),
    from_make(pending_results, _uniform, n=20_000_000),
    from_make(blocks_at_least_one, _table, n=2_000_000, d=20),
    from_specs(capped_scratch, "f8[n]", n=5_000_000),
    from_arguments(copies_by_step, _uniform, n=24_000_000),
    from_arguments(split_at_most, _uniform, n=30_000_000),
    from_make(far_rows, _single, n=70_000_000),
    from_make(product_in_memory, _two_tables, n=12_000, m=9000, d=16),
    from_arguments(Ranker(2.5).rank, _uniform, n=10_000_000),
    from_make(rolling_in_context, _uniform, n=12_000_000),
    from_specs(columns_by_kind, Dim("n"), n=60_000_000),
    from_arguments(bisected_blocks, _uniform, n=12_000_000),
)
