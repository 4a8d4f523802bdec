"""The cells of IPython and of notebooks: their numbers and their text, which are in no file.

This module is imported in the user's process: it needs nothing that a program may not have loaded.
"""

from __future__ import annotations

import sys

# typing would load a dozen modules that a launched program may have of its own.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# IPython outside a notebook has the number in the name: <ipython-input-6-33f63e9ee046>.
_NUMBERED = "<ipython-input-"


def describe_cells() -> dict[str, Any]:
    """Return metadata of the cells that this process ran, as JSON can hold it; empty if it ran none.

    Returns
    -------
    dict
        ``cells`` has the number of each cell by the file name of its code; ``cell_sources`` the text by the same name.
    """
    numbers = _read_numbers()
    cache = getattr(sys.modules.get("linecache"), "cache", {})
    sources = {name: "".join(cache[name][2]) for name in numbers if len(cache.get(name, ())) == 4}
    return {"cells": numbers, "cell_sources": sources} if numbers else {}


def number_cell(filename: str, numbers: Mapping[str, int]) -> int | None:
    """Return the number of the cell that a file name stands for, ``None`` if it is not that of a cell.

    Parameters
    ----------
    filename : str
        As a code object has it.
    numbers : mapping of str to int
        Numbers of cells by file name, as `describe_cells` returned them.
    """
    if filename in numbers:
        return int(numbers[filename])
    number = filename.removeprefix(_NUMBERED).partition("-")[0] if filename.startswith(_NUMBERED) else ""
    return int(number) if number.isdecimal() else None


def name_cell(filename: str) -> str:
    """Return ``In[6]`` for the code of a cell of this process, and the name of any other file unchanged."""
    number = number_cell(filename, _read_numbers())
    return filename if number is None else f"In[{number}]"


def _read_numbers() -> dict[str, int]:
    """Return the numbers of the cells that this process ran, by the file names of their code."""
    try:
        shell = sys.modules["IPython.core.interactiveshell"].InteractiveShell._instance
        return {str(name): int(number) for name, number in shell.compile._filename_map.items()}
    except Exception:  # no shell runs, or it is not the one that is known here: its cells keep their file names
        return {}
