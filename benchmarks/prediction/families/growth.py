"""Functions whose sizes follow from dtypes, digits, logarithms and square roots of a length."""

import math
from typing import Any

import numpy as np

from .case import Dim, from_arguments, from_make, from_specs


def pair_codes(n: int) -> Any:
    codes = np.arange(n, dtype=np.min_scalar_type(n * n)) * n
    return np.add.outer(codes[:200], codes)


def index_table(n: int) -> Any:
    dtype = np.int32 if n * n < 2**31 else np.int64
    return np.repeat(np.arange(n, dtype=dtype), 100).reshape(n, 100)


def labels_from_list(n: int) -> Any:
    return np.array([str(i) for i in range(n)])


def labels_from_cast(values: Any) -> Any:
    return values.astype(f"U{len(str(len(values)))}")


def padded_ids(n: int) -> Any:
    digits = len(str(n))
    return np.strings.zfill(np.arange(n).astype(f"S{digits}"), digits)


def prefixed_names(n: int) -> Any:
    return np.strings.add(np.array(["row_"]), np.array(list(map(str, range(n)))))


def half_precision(n: int) -> Any:
    with np.errstate(over="ignore"):
        small = np.arange(n).astype(np.float16)
    if np.isfinite(small).all():
        return small * small
    return np.arange(n, dtype=np.float64) ** 2


def checked_cumulative(n: int) -> Any:
    total = np.cumsum(np.arange(n, dtype=np.int32), dtype=np.int32)
    if total.min() < 0:
        total = np.cumsum(np.arange(n, dtype=np.int64))
    return total


def square_root_blocks(x: Any) -> Any:
    block = math.isqrt(x.nbytes)
    return np.stack(
        [np.cumsum(x[at : at + block]).max(keepdims=True) * np.ones(block) for at in range(0, len(x), block)]
    )


def image_pyramid(image: Any) -> Any:
    levels = [image]
    while min(levels[-1].shape) >= 32:
        last = levels[-1]
        even = last[: last.shape[0] // 2 * 2, : last.shape[1] // 2 * 2]
        levels.append((even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4)
    return levels


def padded_autocorrelation(x: Any) -> Any:
    padded = 1 << (2 * len(x) - 1).bit_length()
    spectrum = np.fft.rfft(x, padded)
    return np.fft.irfft(spectrum * spectrum.conj(), padded)[: len(x)]


def convolve_fast(x: Any, kernel: Any) -> Any:
    from scipy.fft import irfft, next_fast_len, rfft

    length = next_fast_len(len(x) + len(kernel) - 1, real=True)
    return irfft(rfft(x, length) * rfft(kernel, length), length)


def merge_sort_levels(x: Any) -> Any:
    levels, width = [], 1
    while width < len(x):
        width *= 8
        whole = len(x) // width * width
        levels.append(np.concatenate([np.sort(x[:whole].reshape(-1, width), axis=1).ravel(), np.sort(x[whole:])]))
    return levels


def bit_planes(values: Any) -> Any:
    return (values[:, None] >> np.arange(len(values).bit_length())) & 1


def primes_below(n: int) -> Any:
    sieve = np.ones(n, np.bool_)
    sieve[:2] = False
    for i in range(2, math.isqrt(n - 1) + 1):
        if sieve[i]:
            sieve[i * i :: i] = False
    return np.flatnonzero(sieve)


def triangle_rows(x: Any) -> Any:
    rows = (math.isqrt(8 * len(x) + 1) - 1) // 2
    square = np.zeros((rows, rows))
    square[np.tril_indices(rows)] = x[: rows * (rows + 1) // 2]
    return square


def sparse_table(x: Any) -> Any:
    levels = [x]
    while (1 << len(levels)) <= len(x):
        last, step = levels[-1], 1 << (len(levels) - 1)
        levels.append(np.minimum(last[:-step], last[step:]))
    return levels


def unique_residues(n: int) -> Any:
    return np.unique(np.arange(n) % math.isqrt(n), return_index=True, return_inverse=True, return_counts=True)


def smallest_counter(n: int) -> Any:
    dtype = np.min_scalar_type(n)
    return np.arange(n, dtype=dtype)[::-1] ^ dtype.type(n // 2)


def decimal_digits(values: Any) -> Any:
    powers = 10 ** np.arange(len(str(len(values))))
    return (values[:, None] // powers % 10).astype(np.uint8)


def square_padded(x: Any) -> Any:
    side = math.isqrt(len(x) - 1) + 1
    padded = np.zeros(1 << (side * side - 1).bit_length())
    padded[: len(x)] = x
    return padded.reshape(-1, 2).sum(axis=1)


def multiples(n: int) -> Any:
    return np.concatenate([np.arange(k, n, k, dtype=np.uint32) for k in range(1, math.isqrt(n))])


def single_counts(n: int) -> Any:
    return np.unique(np.arange(n, dtype=np.float32))


def open_addressing(keys: Any) -> Any:
    capacity = 16
    while capacity * 2 < len(keys) * 3:
        capacity *= 2
    slots = np.full((capacity, 2), -1, np.int64)
    at = keys.astype(np.int64) % capacity
    slots[at, 0], slots[at, 1] = keys, np.arange(len(keys))
    return slots


def category_codes(values: Any) -> Any:
    import pandas as pd

    found = pd.Categorical(values)
    return found.codes.copy(), found.categories


def _indices(n: int) -> Any:
    return np.arange(n)


def _uniform(n: int) -> Any:
    return np.random.default_rng(0).random(n)


def _signal(n: int, m: int) -> tuple[Any, ...]:
    return _uniform(n), _uniform(m)


def _image(h: int, w: int) -> Any:
    return np.random.default_rng(0).random((h, w))


def _shelves(n: int) -> Any:
    return np.arange(n) % (n // 300)


CASES = (
    from_specs(pair_codes, Dim("n"), n=400_000),
    from_specs(index_table, Dim("n"), n=600_000),
    from_specs(labels_from_list, Dim("n"), n=3_000_000),
    from_make(labels_from_cast, _indices, n=4_000_000),
    from_specs(padded_ids, Dim("n"), n=12_000_000),
    from_specs(prefixed_names, Dim("n"), n=2_500_000),
    from_specs(half_precision, Dim("n"), n=30_000_000),
    from_specs(checked_cumulative, Dim("n"), n=30_000_000),
    from_specs(square_root_blocks, "f8[n]", n=40_000_000),
    from_arguments(image_pyramid, _image, h=6001, w=7003),
    from_specs(padded_autocorrelation, "f8[n]", n=9_000_000),
    from_make(convolve_fast, _signal, n=15_000_017, m=1013),
    from_make(merge_sort_levels, _uniform, n=9_000_000),
    from_make(bit_planes, _indices, n=3_000_000),
    from_specs(primes_below, Dim("n"), n=150_000_000),
    from_make(triangle_rows, _uniform, n=20_000_000),
    from_specs(sparse_table, "f8[n]", n=5_000_000),
    from_specs(unique_residues, Dim("n"), n=8_000_000),
    from_specs(smallest_counter, Dim("n"), n=60_000_000),
    from_arguments(decimal_digits, _indices, n=4_000_000),
    from_make(square_padded, _uniform, n=17_000_000),
    from_specs(multiples, Dim("n"), n=12_000_000),
    from_specs(single_counts, Dim("n"), n=40_000_000),
    from_make(open_addressing, _indices, n=12_000_000),
    from_make(category_codes, _shelves, n=15_000_000),
)
