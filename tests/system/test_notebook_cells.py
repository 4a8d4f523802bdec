"""Code of cells is named as the notebook names it, with its text, whatever file name IPython gave it."""

from pathlib import Path

import pytest

import ndmem
from ndmem.tracking.journal.cells import find_cell_sources, name_cells

from .running import Place, write_program

IPY = """\
import numpy as np
first = np.ones(125_000)
second = first * 2
"""

KERNEL = f"""
from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(kernel_name="python3")
for cell in ("import numpy as np", {IPY!r}, "%load_ext ndmem", "%%ndmem\\nthird = first - 1\\n"):
    client.execute_interactive(cell, timeout=60, output_hook=lambda message: None)
client.stop_channels()
manager.shutdown_kernel()
"""

MEGABYTE = 10**6


def find_rows(run: ndmem.Run) -> set[tuple[str, int, str | None]]:
    """Return file, line and text of each line that allocated a megabyte itself."""
    return {(line.filename, line.lineno, line.source) for line in run.lines() if line.own_nbytes >= MEGABYTE}


ROWS = {("In[1]", 2, "first = np.ones(125_000)"), ("In[1]", 3, "second = first * 2")}


@pytest.mark.long
def test_an_ipython_script(tmp_path: Path) -> None:
    """Lines of a script that IPython runs as a cell have the cell's name, text and expressions."""
    pytest.importorskip("IPython")
    place = Place(tmp_path / "work", environment={"IPYTHONDIR": str(tmp_path)})
    name = write_program(place.folder, IPY, "prog.ipy")
    assert place.run_tracked("-m", "IPython", "--no-banner", name).status == 0
    run = ndmem.load(place.trace)
    assert find_rows(run) == ROWS
    done = place.run_ndmem_as_text("report", str(place.trace))
    assert "In[1]:3" in done.stdout
    assert "In[1]:3 first * 2" in done.stdout


@pytest.mark.long
def test_a_kernel(tmp_path: Path) -> None:
    """Cells of a kernel have their numbers; the lines below a magic keep the numbers that the notebook shows."""
    for needed in ("ipykernel", "jupyter_client"):
        pytest.importorskip(needed)
    place = Place(tmp_path / "work", environment={"IPYTHONDIR": str(tmp_path)})
    name = write_program(place.folder, KERNEL)
    assert place.run_tracked(name).status == 0
    (child,) = place.trace.with_name(f"{place.trace.name}.children").glob("*.ndmem")
    expected = {("In[2]", lineno, text) for _, lineno, text in ROWS} | {("In[4]", 2, "third = first - 1")}
    assert find_rows(ndmem.load(child)) == expected


def test_cells_with_the_same_number() -> None:
    """Another text with the same number has a name of its own; the rest of a cell below a magic has not."""
    meta = {
        "cells": {"/first.py": 3, "/second.py": 3, "/magic.py": 5, "/rest.py": 5},
        "cell_sources": {
            "/first.py": "a = 1\n",
            "/magic.py": "get_ipython().run_cell_magic('ndmem', '', 'b = 2')\n",
            "/rest.py": "# %%ndmem\nb = 2\n",
        },
    }
    files = ["/first.py", "/second.py", "/home/me/app.py", "<ipython-input-7-abcdef>", "/magic.py", "/rest.py"]
    names = name_cells(files, meta)
    assert names == {
        "/first.py": "In[3]",
        "/second.py": "In[3] (2)",
        "<ipython-input-7-abcdef>": "In[7]",
        "/magic.py": "In[5]",
        "/rest.py": "In[5]",
    }
    sources = find_cell_sources(names, meta)
    assert (sources["In[3]"], sources["In[5]"]) == ("a = 1\n", "# %%ndmem\nb = 2\n")
