"""A program that is killed at any moment leaves a journal that is exact up to its last event."""

from pathlib import Path

import pytest

from .killing import kill_at_random


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(4, 20))])
def test_a_kill_at_a_random_moment_loses_nothing(seed: int, tmp_path: Path) -> None:
    """Live bytes, arrays and events are those of the program's own log, up to the one event in flight."""
    with_launcher = seed % 2 == 1
    killed = kill_at_random(tmp_path, seed, with_launcher=with_launcher)
    assert killed.done > 0
    assert killed.is_exact, killed
    assert killed.ended == ("lost" if with_launcher else "signal 9")
