"""Ghosts behave like malloc where memory is short."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ghosts need Linux")

_RESIZE = """
import resource
import numpy as np
from ndmem import _native

_native.haunt(True)
ghost = np.empty(2**21, np.uint8)
ghost[:3] = 1, 2, 3
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**26, resource.RLIM_INFINITY))
try:
    ghost.resize(2**30, refcheck=False)
except MemoryError:
    print("refused", ghost[:3].tolist(), ghost.nbytes)
del ghost
print("freed")
"""


def _run(program: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_ghost_that_cannot_grow_stays_as_it_is() -> None:
    """A resize that fails raises MemoryError; the array has its values, and its end frees its map."""
    assert _run(_RESIZE) == ["refused [1, 2, 3] 2097152", "freed"]
