"""Fixtures for the tests of `@ndmem.profile`."""

import pytest

from .profiles import found


@pytest.fixture(autouse=True)
def _no_profiles_yet() -> None:
    found.clear()
