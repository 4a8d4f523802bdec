"""What `weigh` says is what deleting frees, each in a fresh process."""

import importlib.util
import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
CASES = runpy.run_path(str(HERE / "cases.py"))["CASES"]
HEADER = 256  # a few object headers: what free lists keep, and a type's own dict
PAGES = 8192  # address space comes and goes in pages


@pytest.mark.parametrize("name", CASES)
def test_weight_is_what_deleting_frees(name):
    """Owned is what `del x` frees, and reachable what deleting its other holders frees too, within 1 %."""
    case = CASES[name]
    if case.needs == "numpy>=2":
        if np.lib.NumpyVersion(np.__version__) < "2.0.0":
            pytest.skip("needs NumPy 2")
    elif importlib.util.find_spec(case.needs) is None:
        pytest.skip(f"needs {case.needs}")
    if case.meter == "space" and not sys.platform.startswith("linux"):
        pytest.skip("reads /proc")
    done = subprocess.run(
        [sys.executable, str(HERE / "confirm.py"), name],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["freed_all"] >= said["freed"] - HEADER
    for numbers, freed in (("owned", "freed"), ("reachable", "freed_all")):
        truth = said[freed]
        weighed = said[numbers] + (said["mapped"] if case.meter == "space" else 0)
        assert weighed == pytest.approx(truth, rel=0.01, abs=PAGES if case.meter == "space" else HEADER), said
