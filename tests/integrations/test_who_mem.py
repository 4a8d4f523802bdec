"""`%who_mem` in IPython."""

import subprocess
import sys

import pytest


def test_magic():
    """It lists an output once, under Out[], says that the history keeps it, and refuses a bad bound."""
    pytest.importorskip("IPython")
    cells = (
        "import numpy as np",
        "np.ones(1_000_000)",
        "b = np.ones(500_000)",
        "%who_mem 1 MiB",
        "%who_mem many",
    )
    code = (
        "from IPython.core.interactiveshell import InteractiveShell\nshell = InteractiveShell.instance()\n"
        "from ndmem.integrations.ipython.who_mem import load_ipython_extension\nload_ipython_extension(shell)\n"
        f"for cell in {cells!r}:\n    shell.run_cell(cell, store_history=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert "2 array buffers, 11.4 MiB" in lines
    (kept,) = (line for line in lines if "Out[2]" in line and "MiB" in line)
    assert "kept only by the output history" in kept
    (named,) = (line for line in lines if line.endswith(" b"))
    assert "3.81 MiB" in named
    assert any(line.startswith("%who_mem: 'many' is not a number of bytes") for line in lines)
