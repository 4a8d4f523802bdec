"""Where tracking cannot work, ndmem says so and why. Pythons are refused before: see system/test_pythons.py."""

import importlib.util

import pytest

import ndmem
from ndmem.tracking.support import find_numpy_obstacle, find_obstacle


def test_there_is_no_obstacle_here() -> None:
    """The interpreter of these tests is supported."""
    assert find_obstacle() is None


def test_a_missing_numpy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without NumPy in the environment the error says what to install."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ndmem.TrackingError, match=r"NumPy is not installed.*numpy>=2\.0"):
        ndmem.track().start()


@pytest.mark.parametrize(
    ("version", "refused"),
    [("1.26.4", True), ("1.9.3", True), ("2.0.0", False), ("2.0.0rc1", False), ("10.1", False)],
)
def test_an_old_numpy_is_named(version: str, refused: bool) -> None:
    """A NumPy before 2.0 is refused by number, not by text: 1.26 is older, and 10 newer."""
    assert (find_numpy_obstacle(version) is not None) == refused
