"""Data frames and sparse matrices, recognised by their methods: no library is imported for them."""

from typing import Any


def is_table(value: Any) -> bool:
    """Tell whether a value is a pandas data frame or series, or a SciPy sparse matrix."""
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
    # Only CSR and CSC can be sliced along both axes.
    return table.tocsr()[slices[0]][:, slices[1]].asformat(table.format)


def table_nbytes(table: Any) -> int:
    """Return the bytes of a table's arrays."""
    if hasattr(table, "iloc"):
        used = table.memory_usage(index=True)
        return int(used.sum() if hasattr(used, "sum") else used)
    names = ("data", "indices", "indptr", "row", "col", "offsets")
    return sum(int(getattr(getattr(table, name, None), "nbytes", 0)) for name in names)
