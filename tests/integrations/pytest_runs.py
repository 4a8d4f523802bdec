"""Run tests with the plugin, in a pytest of their own."""

import re
import subprocess
import sys
from pathlib import Path

# Each file of tests begins with it.
HEAD = """
import unittest
import numpy as np
import pytest
kept = []
@pytest.fixture
def table():
    return np.empty(100_000, "u1")
@pytest.fixture
def other():
    return np.empty(50_000, "u1")
"""


def run_pytest(folder: Path, source: str, *options: str) -> tuple[dict[str, str], str]:
    """Run tests and return the outcome of each by name, and all that was printed."""
    (folder / "test_it.py").write_text(HEAD + source, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", *options],
        cwd=folder, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    outcomes = re.findall(r"^(PASSED|FAILED|ERROR) test_it\.py::(\S+)", done.stdout, re.MULTILINE)
    return {name: outcome for outcome, name in outcomes}, done.stdout + done.stderr
