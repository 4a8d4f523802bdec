"""`small_objects`: the bytes of Python's arenas."""

import os
import subprocess
import sys

import pytest

from ndmem.platform.breakdown.small_objects import SmallObjects, parse_stats, small_objects

STATS = b"""Small block threshold = 512, in 32 size classes.

# arenas allocated current         =                1,250
1,250 arenas * 1048576 bytes/arena =        1,310,720,000

# bytes in allocated blocks        =            1,369,952
# bytes in available blocks        =              288,816
1,025 unused pools * 16384 bytes   =           16,793,600
# bytes lost to pool headers       =                4,896
Total                              =            2,097,152
"""


def test_figures():
    """Free is available blocks and unused pools; the rest of the arenas is used."""
    free = 288_816 + 1025 * 16384
    assert parse_stats(STATS) == SmallObjects(1250 * 2**20 - free, free)


def test_without_arenas():
    """No text is the answer of a Python without arenas; a text without them is one we do not understand."""
    assert parse_stats(b"") == SmallObjects(0, 0)
    assert parse_stats(b"mimalloc: 3 pages\n") is None


@pytest.mark.parametrize("length", range(0, len(STATS), 40))
def test_cut(length):
    """A text cut before its last figure tells nothing; it is never taken for zero."""
    found = parse_stats(STATS[:length])
    assert found in ((SmallObjects(0, 0),) if length == 0 else (None, parse_stats(STATS)))


def test_grows_with_small_objects():
    """100,000 floats of 24 bytes, rounded up to 32, are 3.2 MB more in use, and are free again when they went."""
    before = small_objects()
    if before is None:
        pytest.skip("this Python does not tell")
    floats = [number + 0.5 for number in range(100_000)]
    during = small_objects()
    assert 3_200_000 <= during.used - before.used < 3_600_000
    del floats
    assert small_objects().used - before.used < 400_000


@pytest.mark.parametrize(("allocator", "shown"), [("malloc", "0 0"), ("pymalloc", None)])
def test_writes_nothing(allocator, shown):
    """Nothing comes out on standard error; with PYTHONMALLOC=malloc there are no arenas."""
    code = (
        "from ndmem.platform.breakdown.small_objects import small_objects; s = small_objects(); print(s.used, s.free)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONMALLOC": allocator},
    )  # fmt: skip
    assert done.stderr == ""
    assert shown is None or done.stdout == f"{shown}\n"
