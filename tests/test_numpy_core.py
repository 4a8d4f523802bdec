"""Where NumPy keeps what it does not document, in its old and new versions."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ndmem.numpy_core import find_core


@pytest.mark.parametrize(
    ("version", "expected"), [("1.26.4", "core"), ("2.0.0", "_core"), ("2.4.6", "_core"), ("10.1.0", "_core")]
)
def test_the_package_goes_by_the_version(version: str, expected: str) -> None:
    """NumPy 1.26 has a nearly empty `_core` beside the real one, and both are there in some versions."""
    numpy: Any = SimpleNamespace(__version__=version, core="core", _core="_core")
    assert find_core(numpy) == expected


def test_this_numpy_says_who_allocates() -> None:
    """What is asked of it is there in the NumPy that is installed."""
    assert find_core(np).multiarray.get_handler_name() == "default_allocator"
