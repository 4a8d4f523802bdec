"""Data frames and sparse matrices, by what they can do: no library is imported for them."""

from __future__ import annotations

from typing import Any


def is_table(value: Any) -> bool:
    """Whether something is a frame or series of pandas, or a sparse matrix of SciPy."""
    library = type(value).__module__.split(".")[0]
    return (library == "pandas" and hasattr(value, "iloc") and hasattr(value, "shape")) or (
        library == "scipy" and hasattr(value, "tocsr") and hasattr(value, "shape")
    )


def crop_table(table: Any, slices: tuple[slice, ...]) -> Any:
    """Copy some rows and columns."""
    if hasattr(table, "iloc"):
        return (table.iloc[slices] if len(slices) > 1 else table.iloc[slices[0]]).copy()
    if len(slices) < 2:
        return table[slices].copy()
    # Only two formats can be sliced along both axes.
    return table.tocsr()[slices[0]][:, slices[1]].asformat(table.format)


def table_nbytes(table: Any) -> int:
    """Return the bytes of a table's arrays."""
    if hasattr(table, "iloc"):
        used = table.memory_usage(index=True)
        return int(used.sum() if hasattr(used, "sum") else used)
    names = ("data", "indices", "indptr", "row", "col", "offsets")
    return sum(int(getattr(getattr(table, name, None), "nbytes", 0)) for name in names)
