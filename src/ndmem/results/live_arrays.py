"""The public LiveArrays object: what `ndmem.arrays` returns."""

from types import TracebackType

from ndmem.model.memory import live
from ndmem.platform.gil_waits import short_gil_waits
from ndmem.reporting.memory.live_buffers import count_buffers, list_buffers, tabulate_buffers
from ndmem.tracking.recorder import untracked
from ndmem.weighing.live.arrays import find_arrays


class LiveArrays(live.LiveArrays):
    """All live array buffers, largest first. Printing it shows a table.

    `ndmem.arrays` returns it.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return list_buffers(self)

    def __repr__(self) -> str:
        return f"<ndmem.LiveArrays {count_buffers(self)}>"

    def _repr_html_(self) -> str:
        return tabulate_buffers(self)


def arrays(*, smallest: int | str = 0, traceback: TracebackType | None = None) -> LiveArrays:
    """List the live array buffers of this process, without ndmem's own.

    Parameters
    ----------
    smallest : int or str
        Skip buffers of fewer bytes.
    traceback : traceback, optional
        The traceback of an exception: also name the variables of the functions that the exception ended.

    Returns
    -------
    LiveArrays
        Each buffer once, largest first, with the names that lead to it. While tracking, also the line that allocated
        it.

    Raises
    ------
    UnitError
        If `smallest` is not a number of bytes.

    Notes
    -----
    The search starts from all objects that CPython's garbage collector knows, all modules, and the local variables of
    all running functions in all threads. It cannot find an array that only C or C++ code holds. While tracking, such an
    array is listed with its bytes and the line that allocated it, if it was allocated after tracking began.
    """
    with untracked(), short_gil_waits():
        found = find_arrays(smallest=smallest, traceback=traceback)
    return LiveArrays(found.buffers, found.notes)
