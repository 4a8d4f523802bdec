"""Limits that `thresholds` imports: a number in another module."""

_ROWS = {"table": 350_000, "graph": 90_000}


def is_large(rows: int, kind: str) -> bool:
    """Tell whether a table or graph counts as large."""
    return rows > _ROWS[kind]


def piece_rows(width: int) -> int:
    """Return the number of rows of a piece of 96 MiB."""
    return (_MIB_OF_PIECE << 20) // (8 * width)


_MIB_OF_PIECE = 96
