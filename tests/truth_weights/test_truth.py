"""What `weigh` says is what deleting frees, each in a fresh process."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from cases import CASES  # noqa: E402  # it is beside this file
from judge import confirm, judge  # noqa: E402
from library_cases import LIBRARY_CASES  # noqa: E402

HEADER = 256  # a few object headers: what free lists keep, and a type's own dict
PAGES = 8192  # address space comes and goes in pages


@pytest.mark.long
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
    said = confirm(name, case)
    assert said["freed_all"] >= said["freed"] - HEADER
    for numbers, freed in (("owned", "freed"), ("reachable", "freed_all")):
        truth = said[freed]
        weighed = said[numbers] + (said["mapped"] if case.meter == "space" else 0)
        assert weighed == pytest.approx(truth, rel=0.01, abs=PAGES if case.meter == "space" else HEADER), said


@pytest.mark.long
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads malloc's figures of glibc")
@pytest.mark.parametrize("name", LIBRARY_CASES)
def test_weight_of_libraries_is_right_or_has_bounds(name):
    """Owned and reachable are within 2 % of what is freed, or the truth lies in the bounds that the weight names."""
    case = LIBRARY_CASES[name]
    if importlib.util.find_spec(case.needs.partition(".")[0]) is None:
        pytest.skip(f"needs {case.needs}")
    said = confirm(name, case)
    assert judge(said) in ("right", "bounds"), said
