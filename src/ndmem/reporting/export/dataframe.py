"""Line table as a pandas DataFrame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ndmem.analysis.tables.figures import BESIDE_COLUMNS, EXPORTED
from ndmem.analysis.tables.lines import line_table
from ndmem.errors import MissingError

if TYPE_CHECKING:
    import pandas as pd

    from ndmem.analysis.index import TraceIndex

_PLACE = ("filename", "lineno", "function", "source")


def make_dataframe(index: TraceIndex, *, library: bool = False) -> pd.DataFrame:
    """Return the line table of a run as a DataFrame.

    Parameters
    ----------
    index : TraceIndex
        The run.
    library : bool
        Give the lines of libraries rows of their own.

    Returns
    -------
    pandas.DataFrame
        A row for each line, in the order of the line table. Bytes have the dtype ``Int64``, in which ``<NA>``
        means unknown; ``share`` is a ``Float64`` from 0 to 1. Columns of native blocks begin with
        ``native_``, those of arrays over other memory with ``foreign_``.

    Raises
    ------
    MissingError
        If pandas is not installed.
    TraceError
        If the trace's call tree is damaged.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingError("a DataFrame needs pandas, not installed here; write: pip install pandas") from error

    lines = line_table(index, library=library)
    columns: dict[str, Any] = {name: [getattr(line, name) for line in lines] for name in _PLACE}
    columns["share"] = pd.array([line.share for line in lines], dtype="Float64")
    for name in EXPORTED:
        columns[name] = pd.array([getattr(line, name) for line in lines], dtype="Int64")
    beside = [line.beside_columns() for line in lines]
    for name in BESIDE_COLUMNS:
        columns[name] = pd.array([each[name] for each in beside], dtype="Int64")
    return pd.DataFrame(columns)
