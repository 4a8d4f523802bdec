"""Where tracking cannot work, ndmem says so and why."""

import importlib.util
import sys
from types import SimpleNamespace

import pytest

import ndmem
from ndmem import _native
from ndmem.tracking.support import find_numpy_obstacle, find_obstacle


def test_there_is_no_obstacle_here() -> None:
    """The interpreter of these tests is supported."""
    assert find_obstacle() is None


def test_another_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """On an implementation without CPython's NumPy, the error names it."""
    monkeypatch.setattr(sys, "implementation", SimpleNamespace(name="pypy", cache_tag="pypy310"))
    with pytest.raises(ndmem.TrackingError, match=r"tracking cannot start: .* CPython"):
        ndmem.track().start()


def test_a_free_threaded_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a build without the GIL the error says what to use instead."""
    monkeypatch.setattr(sys, "abiflags", "t")
    with pytest.raises(ndmem.TrackingError, match="free-threaded"):
        ndmem.track().start()
    assert _native.running_threshold() == 0


def test_a_missing_numpy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without NumPy in the environment the error says what to install."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ndmem.TrackingError, match=r"NumPy is not installed.*numpy>=1\.26"):
        ndmem.track().start()


@pytest.mark.parametrize(
    ("version", "refused"),
    [("1.25.2", True), ("1.9.3", True), ("1.26.0", False), ("2.0.0rc1", False), ("10.1", False)],
)
def test_an_old_numpy_is_named(version: str, refused: bool) -> None:
    """A NumPy before 1.26 is refused by number, not by text: 1.9 is older than 1.26, and 10 newer."""
    assert (find_numpy_obstacle(version) is not None) == refused
