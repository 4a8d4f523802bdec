"""The examples in docstrings."""

import doctest
import importlib
import pkgutil

import pytest

import ndmem


@pytest.mark.long
def test_examples_in_docstrings_are_true() -> None:
    """Every example in a docstring of the installed package prints what it says; there are some."""
    names = [module.name for module in pkgutil.walk_packages(ndmem.__path__, "ndmem.")]
    # The command runs when it is imported, and the injected module only works in a program that was launched.
    names = [name for name in names if not name.endswith(("__main__", "sitecustomize"))]
    modules = [ndmem, *map(importlib.import_module, names)]
    results = [doctest.testmod(module) for module in modules]
    assert sum(result.attempted for result in results) > 0
    assert sum(result.failed for result in results) == 0
