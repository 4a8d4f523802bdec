"""Make five million events: 2.5 million buffers of 5 to 32 KB are born and die, half of them irregularly."""

import numpy as np

BUFFERS = 2_500_000


def make_directly(count: int) -> None:
    """Make one buffer at a time."""
    for _ in range(count):
        np.empty(1_000)


def make_deeply(count: int, depth: int) -> None:
    """Make one at a time, from ``depth`` calls further down."""
    if depth:
        make_deeply(count, depth - 1)
    else:
        for _ in range(count):
            np.empty(1_010)


def make_irregularly(count: int) -> None:
    """Make buffers of any size that replace each other in random order, two hundred alive at a time."""
    rng = np.random.default_rng(12)
    held = [np.empty(1_000) for _ in range(200)]
    slots, sizes = rng.integers(0, len(held), count).tolist(), rng.integers(600, 4_000, count).tolist()
    for slot, size in zip(slots, sizes, strict=True):
        held[slot] = np.empty(size)


if __name__ == "__main__":
    make_directly(BUFFERS // 4)
    for depth in range(10):
        make_deeply(BUFFERS // 40, depth)
    make_irregularly(BUFFERS // 2)
