"""A file to work on in blocks."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def table(tmp_path):
    """Return the path of 40,000 rows of 50 numbers, 16 MB, and the numbers."""
    values = np.random.default_rng(0).standard_normal((40_000, 50))
    np.save(tmp_path / "x.npy", values)
    return tmp_path / "x.npy", values
