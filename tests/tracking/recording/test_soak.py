"""Threads that allocate while everything is asked, in a short form; benchmarks/accuracy has the long one."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAMS = Path(__file__).parents[3] / "benchmarks" / "accuracy"


def _run(*words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", *words],
        cwd=_PROGRAMS,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.long
def test_live_bytes_are_exact_while_everything_is_asked() -> None:
    """Live bytes are exact after eight threads with arrays and two that ask for figures, start runs and fork."""
    _run("soak.py", "--eras", "6", "--operations", "80")


@pytest.mark.long
def test_live_bytes_are_exact_while_all_objects_are_walked() -> None:
    """Live bytes are exact, too, where two threads weigh, list arrays and break memory down while containers change."""
    _run("soak.py", "--walk", "--eras", "20", "--operations", "80")  # some fifty questions


@pytest.mark.long
@pytest.mark.skipif(shutil.which("cc") is None, reason="a C compiler builds what stands for the preloaded library")
def test_threads_without_the_gil_leave_the_core_exact() -> None:
    """Threads with and without the GIL, some unknown to Python, leave no byte; places always sum to the figures."""
    _run("stress.py", "--rounds", "15")
