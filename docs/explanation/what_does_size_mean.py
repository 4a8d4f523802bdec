"""Write what-does-size-mean.md: every output on that page comes from running what stands above it.

Run it from anywhere: ``python docs/explanation/what_does_size_mean.py``; with ``--check`` it only says
whether the
page is what it would write.
"""

import contextlib
import io
import re
import sys
from pathlib import Path

PAGE = Path(__file__).with_name("what-does-size-mean.md")

PARTS = [
    """# What does size mean?

"How big is this object?" has four answers, and each is right for another question. `ndmem.weigh` gives all
four.

| number | question it answers |
|---|---|
| `owned` | What would be freed if the last reference to this object went? |
| `reachable` | What does it keep alive? Each buffer and each Python object once. |
| `logical` | What does `.nbytes` add up to? |
| `resident` | How much of its buffers is in RAM now? `None` where the system cannot tell. |

Files that are mapped into memory count in none of the first two: they are `mapped`. All numbers are bytes;
the tables
write KiB = 1024 bytes and so on. Everything below was produced by running the lines above it
(`what_does_size_mean.py`).

## `sys.getsizeof` counts the data of an array that owns it, and only of that
""",
    """import sys
import numpy as np
from ndmem.weighing import weigh

a = np.ones(1_000_000)
v = a[:]
print(a.nbytes, sys.getsizeof(a), sys.getsizeof(v))
print(a.nbytes + sys.getsizeof(a), "counts the data twice")
print(weigh(a).reachable, "is the data and one header")""",
    """
The view `v` has all of the data in reach, and `sys.getsizeof` says nothing of it. Adding `.nbytes` to
`sys.getsizeof` is right for views and counts twice for owners.

## A view of ten elements that keeps 80 MB
""",
    """small = np.ones(10_000_000)[:10]
print(weigh(small))""",
    """
`.nbytes` says 80 bytes, and that is what the view shows. But the view is the only holder of the whole
buffer: delete it
and 80 MB are freed. `small.copy()` would keep the 80 bytes alone. `ndmem.arrays()` marks such views.

## The same buffer in several guises
""",
    """table = np.ones((1000, 1000))
guises = {"table": table, "every second row": table[::2], "transposed": table.T}
del table
print(weigh(guises))""",
    """
`logical` adds up three `.nbytes`; there is one buffer. Deleting `guises["table"]` alone would free nothing,
for the views hold that array. A part's `owned` is what would be freed if *its* last reference went.

## Somebody else holds it too
""",
    """shared = np.ones(1_000_000)
mine = [shared, np.ones(1_000_000)]
print(weigh(mine))""",
    """
The name `shared` still holds the first array, so dropping `mine` frees the second one only. That is found
by trial
deletion: an object whose reference count is higher than the references from within is held from outside.

## Zeros that nobody has touched
""",
    """zeros = np.zeros(10_000_000)
before = weigh(zeros)
zeros[: 1_000_000] = 1
after = weigh(zeros)
print(before.reachable, after.reachable)
print(before.resident < 10_000, 8_000_000 <= after.resident < 12_000_000)  # of 80 MB""",
    """
The system hands out pages when they are first written. Where it gives huge pages, `resident` goes up in
steps of 2 MiB.

## A broadcast array
""",
    """row = np.broadcast_to(np.ones(1000), (1_000_000, 1000))
weight = weigh(row)
print(weight.logical, weight.reachable)""",
    """
## Objects in an array, and one object many times
""",
    """words = np.array(["the same long text" * 100] * 1000, dtype=object)
print(words.nbytes, weigh(words).reachable)""",
    """
`.nbytes` counts the references. There is one text, held a thousand times, and it weighs once.

## A mapped file
""",
    """import tempfile
file = tempfile.NamedTemporaryFile()
file.truncate(100_000_000)
window = np.memmap(file.name, mode="r")[:1000]
print(weigh(window))""",
    """
The file is mapped whole, though the window is small; none of it is in RAM before it is read.

## What cannot be known

Memory that C or C++ code holds has holders that Python cannot see. Then `owned` is an upper bound, and the
weight says
for how many bytes:
""",
    """imported = np.from_dlpack(np.ones(1_000_000))
print(weigh(imported))""",
    """
Arrays that do not exist yet (dask) or lie in a file (zarr, HDF5, lazy xarray variables) weigh what they
hold now; a
note says what they would be. Nothing is computed, loaded or changed.

Types, modules, and the small integers and texts that the interpreter keeps for everybody, are nobody's,
and are left
out.
""",
]


def _settled(text: str) -> str:
    """Leave out addresses, which are others in each run, and spaces at the ends of lines."""
    lines = re.sub(r"0x[0-9a-f]+", "0x…", text).splitlines()
    return "\n".join(line.rstrip() for line in lines)


def written() -> str:
    """Return the page, with each piece of code and what it prints."""
    names: dict[str, object] = {}
    pieces = []
    for number, part in enumerate(PARTS):
        if number % 2 == 0:
            pieces.append(part.strip("\n"))
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(part, f"<piece {number}>", "exec"), names)
        pieces.append(f"```python\n{part}\n```\n\n```text\n{_settled(printed.getvalue())}\n```")
    return "\n\n".join(pieces) + "\n"


if __name__ == "__main__":
    page = written()
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text() == page else f"{PAGE.name} differs from what its script writes: run the script")
    PAGE.write_text(page)
