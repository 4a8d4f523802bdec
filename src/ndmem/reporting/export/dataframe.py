"""The line table as a pandas DataFrame."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from ndmem.analysis.figures import NativeFigures
from ndmem.analysis.lines import line_table
from ndmem.errors import MissingError

if TYPE_CHECKING:
    import pandas as pd

    from ndmem.analysis.lines import Line
    from ndmem.model.trace import Trace

_PLACE = ("filename", "lineno", "function", "source")
_FIGURES = (
    "peak_nbytes", "at_peak_nbytes", "own_nbytes", "temporary_nbytes", "kept_nbytes", "total_nbytes", "count",
    "at_total_peak_nbytes",
)  # fmt: skip


def make_frame(trace: Trace, *, library: bool = False) -> pd.DataFrame:
    """Return the line table of a run as a DataFrame.

    Parameters
    ----------
    trace : Trace
        The run.
    library : bool
        Give the lines of libraries rows of their own.

    Returns
    -------
    pandas.DataFrame
        A row for each line, those that matter at the peak first. Bytes are of the dtype ``Int64``, in which ``<NA>``
        stands for what is not known; ``share`` is a ``Float64`` from 0 to 1. Columns of native blocks begin with
        ``native_``.

    Raises
    ------
    MissingError
        If pandas is not installed.
    TraceError
        If the trace's call tree is damaged.
    """
    try:
        import pandas as pd  # noqa: PLC0415  # optional
    except ImportError as error:
        raise MissingError("a DataFrame needs pandas, not installed here; write: pip install pandas") from error

    lines = line_table(trace, library=library)
    columns: dict[str, Any] = {name: [getattr(line, name) for line in lines] for name in _PLACE}
    columns["share"] = pd.array([line.share for line in lines], dtype="Float64")
    for name in _FIGURES:
        columns[name] = pd.array([getattr(line, name) for line in lines], dtype="Int64")
    for field in fields(NativeFigures):
        columns[f"native_{field.name}"] = pd.array([_native(line, field.name) for line in lines], dtype="Int64")
    return pd.DataFrame(columns)


def _native(line: Line, name: str) -> int | None:
    value: int | None = None if line.native is None else getattr(line.native, name)
    return value
