"""Name the code of notebook cells as the notebook does: ``In[6]`` instead of a temporary file."""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING, Any

from ndmem.notebook_cells import number_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# A cell that begins with a magic; the magic runs the rest as a cell of its own, with the same number.
_MAGIC = "get_ipython().run_cell_magic("


def name_cells(filenames: Iterable[str], meta: Mapping[str, Any]) -> dict[str, str]:
    """Return the name of each file that is a cell: ``In[6]``; ``In[6] (2)`` for another text with the same number.

    Parameters
    ----------
    filenames : iterable of str
        Files of the code that ran, as the code objects have them.
    meta : mapping
        Metadata of the journal; ``cells`` has the numbers of cells by file name.
    """
    numbers: Mapping[str, Any] = meta.get("cells", {})
    sources: Mapping[str, Any] = meta.get("cell_sources", {})
    names: dict[str, str] = {}
    seen: dict[int, int] = {}
    for filename in dict.fromkeys(filenames):
        number = number_cell(filename, numbers)
        if number is None:
            continue
        if sources.get(filename, "").startswith(_MAGIC):
            names[filename] = f"In[{number}]"
            continue
        seen[number] = seen.get(number, 0) + 1
        names[filename] = f"In[{number}]" + (f" ({seen[number]})" if seen[number] > 1 else "")
    return names


def find_cell_sources(names: Mapping[str, str], meta: Mapping[str, Any]) -> dict[str, str]:
    """Return the text of the cells by the names that `name_cells` gave them."""
    recorded: Mapping[str, Any] = meta.get("cell_sources", {})
    # A shell of this process may have the others.
    texts = [(name, str(recorded.get(file) or "".join(linecache.getlines(file)))) for file, name in names.items()]
    # The rest of a cell replaces the call of its magic.
    return dict(sorted(texts, key=lambda text: not text[1].startswith(_MAGIC)))
