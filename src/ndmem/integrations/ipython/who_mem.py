"""`%who_mem`: the live array buffers, in a notebook."""

from typing import Any

from IPython.display import display

from ndmem.api import arrays
from ndmem.errors import UnitError

from .shown import ShownArrays


def who_mem(line: str) -> None:
    """Print the live array buffers, largest first: ``%who_mem``, ``%who_mem 10 MiB``.

    Parameters
    ----------
    line : str
        Skip smaller buffers; 64 KiB if it is empty.
    """
    try:
        found = arrays(smallest=line.strip() or "64 KiB")
    except UnitError as error:
        print(f"%who_mem: {error}")  # noqa: T201  # the output of a magic is the cell's output
        return
    display(ShownArrays(found))  # type: ignore[no-untyped-call]  # IPython has no types


def load_ipython_extension(shell: Any) -> None:
    """Register the magic in a shell."""
    shell.register_magic_function(who_mem, "line", "who_mem")
