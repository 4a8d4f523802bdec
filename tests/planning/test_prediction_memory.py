"""Native memory, and ghosts at the real size."""

import ctypes
import sys
from typing import Any

import numpy as np
import pytest

import ndmem
from ndmem.planning.strategy import native_memory

_ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read on Linux")
_BIG = ndmem.dims(n=10_000_000, d=32)


def _predict(function: Any, *args: Any, **options: Any) -> ndmem.Prediction:
    return ndmem.predict(function, *args, **{"native": False, **options})


@pytest.mark.skipif(sys.platform != "linux", reason="ghosts need Linux")
def test_a_ghost_runs_the_real_size() -> None:
    """4 GB of arrays need less than 500 MB, and the peak is the one worked out by hand."""

    def work(x: Any) -> Any:
        return x[: len(x) // 4] + 1.5

    found = _predict(work, "f8[n]", dims=ndmem.dims(n=400_000_000))
    verified = found.verify("ghost", timeout=120)
    assert verified.peak == found.peak == pytest.approx(800_000_000, abs=100)
    assert verified.confidence.value == "verified"
    assert verified.ghost is None or verified.ghost < 500 * 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="ghosts need Linux")
def test_a_ghost_that_fails_is_an_error() -> None:
    """If arbitrary values break the function, it cannot be verified, and the error says so."""

    def checks(x: Any) -> Any:
        if len(x) > 1_000_000:
            raise ValueError("singular")
        return -x

    found = _predict(checks, "f8[n]", dims=ndmem.dims(n=500_000_000))
    with pytest.raises(ndmem.PredictionError, match=r"cannot be verified: .*singular"):
        found.verify("ghost")


@pytest.fixture
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give native memory more time: on a busy machine it is measured at small sizes, where pages scatter."""
    monkeypatch.setattr(native_memory, "_TIMEOUT_SHARE", 0.5)


@pytest.mark.long
@_ON_LINUX
@pytest.mark.usefixtures("_unhurried")
@pytest.mark.parametrize("function", [np.sort, lambda x, kind: np.sort(x, kind=kind)], ids=["of NumPy", "lambda"])
def test_native_memory_is_measured(function: Any) -> None:
    """A stable sort of n doubles needs half of their bytes as work memory, called from Python code or not."""
    found = ndmem.predict(function, "f8[n]", dims=ndmem.dims(n=30_000_000), timeout=120, kind="stable")
    assert found.peak == pytest.approx(240_000_000, rel=0.01)
    assert found.native == pytest.approx(120_000_000, rel=0.1)
    assert found.total == found.inputs + found.peak + found.native


@_ON_LINUX
@pytest.mark.usefixtures("_unhurried")
@pytest.mark.parametrize("touched", [0.0, 0.5])
def test_only_touched_native_memory_counts(touched: float) -> None:
    """Of a block of 16 bytes for each element, as hash tables allocate, the part that is written to counts."""

    def take(x: Any) -> Any:
        libc = ctypes.CDLL(None)
        libc.malloc.restype = ctypes.c_void_p
        block = libc.malloc(ctypes.c_size_t(16 * len(x)))
        ctypes.memset(block, 1, int(touched * 16 * len(x)))
        made = x + 1.0
        libc.free(ctypes.c_void_p(block))
        return made

    n = 50_000_000
    found = ndmem.predict(take, "f8[n]", dims=ndmem.dims(n=n))
    assert found.peak == pytest.approx(8 * n, abs=100)
    assert found.native == pytest.approx(touched * 16 * n, rel=0.1, abs=0.02 * 8 * n)


def test_native_memory_that_was_not_measured_is_unknown() -> None:
    """With native=False it is unknown and not 0, and the answer says why."""
    found = _predict(lambda x: -x, "f8[n, d]", dims=_BIG)
    assert found.native is None
    assert "native memory is unknown: it was not measured (native=False)" in found.explain()
