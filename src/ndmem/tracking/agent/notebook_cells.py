"""The cells of IPython and of notebooks: their numbers and their text, which are in no file."""

from __future__ import annotations

import sys

# typing would load a dozen modules that a launched program may have of its own.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def describe_cells() -> dict[str, Any]:
    """Return metadata of the cells that this process ran, as JSON can hold it; empty if it ran none.

    Returns
    -------
    dict
        ``cells`` has the number of each cell by the file name of its code; ``cell_sources`` the text by the same name.
    """
    try:
        shell = sys.modules["IPython.core.interactiveshell"].InteractiveShell._instance
        numbers = {str(name): int(number) for name, number in shell.compile._filename_map.items()}
        cache = sys.modules["linecache"].cache
        sources = {name: "".join(cache[name][2]) for name in numbers if len(cache.get(name, ())) == 4}
    except Exception:  # no shell runs, or it is not the one that is known here: its cells keep their file names
        return {}
    return {"cells": numbers, "cell_sources": sources} if numbers else {}
