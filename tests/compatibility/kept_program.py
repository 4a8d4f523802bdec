"""The program whose record is kept: two arrays that are kept, then an end by SIGKILL if it is asked to."""

import os
import signal
import sys

import numpy as np


def make(count: int) -> "np.ndarray":
    """Return a new array; the ramp and the ones are temporary."""
    ramp = np.arange(count, dtype="f8")
    return ramp + np.ones(count)


kept = [make(1000), make(2000)]
if "kill" in sys.argv:
    os.kill(os.getpid(), signal.SIGKILL)
