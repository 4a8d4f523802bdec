"""Run a case in a fresh process, and judge what was said against what was freed."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROUNDING = 4096  # of malloc's blocks, and what a library keeps for its next object
# polars returns freed memory at once with this, so that RSS has it.
OWN_ALLOCATOR = {"_RJEM_MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0"}


def confirm(name, case):
    """Return what weigh says of a case and what deleting frees."""
    # With malloc for Python's objects too, its figures have all of them.
    alone = (
        {"PYTHONMALLOC": "malloc", "JAX_PLATFORMS": "cpu", "OMP_NUM_THREADS": "1", **OWN_ALLOCATOR}
        if case.meter in ("heap", "resident")
        else {}
    )
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "confirm.py"), name],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | alone,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def judge(said):
    """Return "right" within 2 %, "bounds" if the truth lies within what is said to be unsure, else "WRONG"."""
    owned, reachable = (said["owned"], said["freed"]), (said["reachable"], said["freed_all"])
    if all(abs(number - truth) <= max(0.02 * truth, ROUNDING) for number, truth in (owned, reachable)):
        return "right"

    def at_most(number, bound):
        return number <= 1.02 * bound + ROUNDING

    is_open = said["unseen"] > 0 and bool(said["notes"])
    above = at_most(said["owned"] - said["unsure"], said["freed"]) and (
        is_open or at_most(said["freed"], said["owned"])
    )
    whole = is_open or at_most(said["freed_all"], said["reachable"])
    is_bounded = above and whole and (is_open or said["unsure"] > 0)
    return "bounds" if is_bounded else "WRONG"
