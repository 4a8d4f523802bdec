"""The examples in docstrings."""

import subprocess
import sys
import textwrap

import pytest

PROGRAM = """
    import doctest, importlib, pkgutil
    import ndmem

    if __name__ == "__main__":
        names = [module.name for module in pkgutil.walk_packages(ndmem.__path__, "ndmem.")]
        # The command runs when it is imported, and the injected module only works in a program that was launched.
        names = [name for name in names if not name.endswith(("__main__", "sitecustomize"))]
        results = [doctest.testmod(module) for module in [ndmem, *map(importlib.import_module, names)]]
        print(sum(result.attempted for result in results), sum(result.failed for result in results))
"""


@pytest.mark.long
def test_examples_in_docstrings_are_true(tmp_path) -> None:
    """Every example in a docstring of the installed package prints what it says; there are some."""
    program = tmp_path / "examples.py"
    program.write_text(textwrap.dedent(PROGRAM))
    # In a process of their own: one of them starts a cluster, whose threads stay.
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    attempted, failed = map(int, done.stdout.splitlines()[-1].split())
    assert attempted > 0
    assert failed == 0, done.stdout
