"""The chunks of a new zarr array, of which a block of rows is a multiple."""

import math
from typing import Final

# Compressors take up to 2 GiB at once, and need memory of about that size again.
_MOST_CHUNK_NBYTES: Final = 2**30


def chunk_shape(shape: tuple[int, ...], itemsize: int, rows: int) -> tuple[int, ...]:
    """Return chunks of a block's rows; where one would exceed 1 GiB, further axes are split, then the rows."""
    chunks = [max(1, min(rows, shape[0])), *(max(1, length) for length in shape[1:])]
    for axis in range(1, len(chunks)):
        others = math.prod(chunks) // chunks[axis] * itemsize
        chunks[axis] = min(chunks[axis], max(1, _MOST_CHUNK_NBYTES // others))
    most = _MOST_CHUNK_NBYTES // (math.prod(chunks[1:]) * itemsize)
    if chunks[0] > most:
        chunks[0] = _largest_divisor(chunks[0], most)
    return tuple(chunks)


def _largest_divisor(number: int, most: int) -> int:
    """Return the largest divisor of a number that is at most `most`."""
    for part in range(1, math.isqrt(number) + 1):
        if number % part == 0 and number // part <= most:
            return number // part
    return max(part for part in range(1, math.isqrt(number) + 1) if number % part == 0 and part <= most)
