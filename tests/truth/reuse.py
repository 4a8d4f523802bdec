"""Whether NumPy reuses temporaries here, as measured without ndmem.

NumPy writes `a * b + c` over the product only if it finds Python's evaluation loop on the C stack, and knows all
callers between it and the loop. Where the compiler has made a function of each opcode (tail calls, in many builds of
CPython 3.14 and 3.15), it does not find the loop, and reuses nothing.
"""

import functools
import subprocess
import sys

# The sum has a product as an operand: one array is made if it is written over it, else two.
_PROGRAM = """
import tracemalloc
import numpy as np
a = np.ones(100_000)
tracemalloc.start()
a * 2 + a
print(round(tracemalloc.get_traced_memory()[1] / a.nbytes))
"""


@functools.cache
def reuses_temporaries() -> bool:
    """Return whether an operator writes its result over an operand that has no name and 256 KiB or more."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    return {"1\n": True, "2\n": False}[done.stdout]
