"""`%who_mem`: the live array buffers, in a notebook."""

from __future__ import annotations

from typing import Any

from ndmem.errors import UnitError
from ndmem.weighing.live import arrays


def who_mem(line: str) -> None:
    """Print the live array buffers, largest first: ``%who_mem``, ``%who_mem 10 MiB``.

    Parameters
    ----------
    line : str
        Leave out smaller buffers; 64 KiB if it is empty.
    """
    try:
        found = arrays(smallest=line.strip() or "64 KiB")
    except UnitError as error:
        print(f"%who_mem: {error}")  # noqa: T201 (a magic answers on the cell's output)
        return
    print(found)  # noqa: T201 (a magic answers on the cell's output)


def load_ipython_extension(shell: Any) -> None:
    """Give a shell the magic."""
    shell.register_magic_function(who_mem, "line", "who_mem")
