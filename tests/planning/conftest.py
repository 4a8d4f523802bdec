"""Fixtures for the tests of prediction."""

import pytest


@pytest.fixture(autouse=True)
def _only_own_threads(only_own_threads: None) -> None:
    """Fork, whatever runs the tests; the tests of other threads start their own."""
