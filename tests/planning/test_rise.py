"""How far resident memory rises while something runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read as Linux counts it")

_PROGRAM = """
import sys
import numpy as np
from ndmem.planning.rise import measure_rise, read_status

def touch(*positions):
    array = np.empty(2**23, "u1")
    array[list(positions)] = 1
    return array

def may_have_huge_pages():
    with open("/proc/self/status") as file:
        return [line.split()[1] for line in file if line.startswith("THP_enabled")]

before = may_have_huge_pages()
touch(0)  # what the first call brings in
print(measure_rise(lambda: touch(2**22)), measure_rise(lambda: np.ones(2**23, "u1")), before == may_have_huge_pages())
"""


def test_what_is_touched_counts_and_not_the_huge_page_around_it() -> None:
    """One byte of 8 MiB brings in less than 512 KiB, all of them 8 MiB, and huge pages are as allowed as before."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    one, all_of_it, restored = done.stdout.split()
    assert int(one) < 2**19
    assert int(all_of_it) == pytest.approx(2**23, abs=2**19)
    assert restored == "True"
