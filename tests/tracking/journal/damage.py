"""Damages files at random, and looks through what can still be read of them."""

import io
import random
from pathlib import Path

import ndmem
from ndmem.api import Format
from ndmem.errors import TraceError

# What lengths, counts and indices are most likely mistaken at.
_NUMBERS = (0, 1, 2, 3, 7, 255, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)


def damage(data: bytes, chance: random.Random) -> bytes:
    """Return a file's bytes with some of them flipped, overwritten, moved, repeated or cut off."""
    damaged = bytearray(data)
    # Most of a journal is empty room: aim at what is used.
    used = [at for at in range(0, len(data), 64) if any(data[at : at + 64])] or [0]
    for _ in range(chance.randint(1, 6)):
        at = min(chance.choice(used) + chance.randrange(64), max(len(damaged) - 1, 0))
        kind = chance.randrange(7)
        if kind == 0 and damaged:
            damaged[at] ^= 1 << chance.randrange(8)
        elif kind == 1 and damaged:
            damaged[at] = chance.randrange(256)
        elif kind == 2:  # an aligned field
            width = chance.choice((4, 8))
            start = at // width * width
            damaged[start : start + width] = (chance.choice(_NUMBERS) % 2 ** (8 * width)).to_bytes(width, "little")
        elif kind == 3:
            damaged[at : at + chance.randrange(1, 200)] = chance.randbytes(chance.randrange(1, 200))
        elif kind == 4:
            other = chance.choice(used)
            damaged[at : at + 64] = damaged[other : other + 64]
        elif kind == 5:
            del damaged[at : at + chance.randrange(1, 100)]
        elif chance.random() < 0.3:
            del damaged[at:]
    return bytes(damaged)


def look_through(path: Path) -> bool:
    """Read a file and write all its reports; whether it could be read.

    Whatever the file holds, it is refused with a TraceError or every view of it can be made.
    """
    try:
        run = ndmem.load(path)
    except TraceError:
        return False
    for form in Format:
        run.report(io.StringIO(), form=form, library=True)
    run.report(io.StringIO(), at="end", by="stack")
    run.stats(io.StringIO())
    return True
