"""pandas: hash tables of index engines, and columns by name, although pandas stores them in blocks."""

import gc
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from ndmem.weighing.registry import Child, Children, Holding, Leave, Rule

_MOST_COLUMNS: Final = 24


def hold_table(table: Any) -> Holding:
    """Return the hash table of an index engine: C memory that only it holds."""
    return Holding(nbytes=table.sizeof(), logical=0)


def hold_engine(engine: Any) -> Holding:
    """Return the objects in the hash table of an engine for objects, without its array."""
    if not engine.is_mapping_populated:
        return Holding()
    keys = {id(key): key for held in gc.get_referents(engine) if isinstance(held, np.ndarray) for key in held.flat}
    return Holding(objects=tuple(keys.values()))


def _written(label: object) -> str:
    # The repr of any other type would run the user's code.
    return f"[{label!r}]" if type(label) in (str, int, float) else f"[<{type(label).__qualname__}>]"


def name_columns(frame: Any) -> Iterator[Child]:
    """Yield the columns of a frame and its indexes.

    A column that lies in a block with others is a share of it; of many columns, whole blocks are shown.
    """
    manager = frame._mgr
    columns, index = manager.axes
    many = len(columns) > _MOST_COLUMNS
    for block in manager.blocks:
        places = block.mgr_locs.as_array
        labels = [_written(columns[place]) for place in (places[:1] if many else places).tolist()]
        if len(places) == 1:
            yield Child(labels[0], block.values)
        elif many:
            yield Child(f"{labels[0]}, … ({len(places)})", block.values)
        else:
            yield from (Child(label, block.values, block.values.nbytes // len(places)) for label in labels)
    yield Child(".index", index)
    yield Child(".columns", columns)


def name_series(series: Any) -> Iterator[Child]:
    """Yield the values and the index of a series."""
    (index,) = series._mgr.axes
    yield Child(".array", series._mgr.blocks[0].values)
    yield Child(".index", index)


# Its classes in Cython hold Python objects and arrays.
SEEN: Final = ("pandas._libs",)

RULES: Final[dict[str, Rule | Leave]] = {
    "pandas._libs.parsers.TextReader": "unseen",
    "pandas._libs.hashtable.HashTable": hold_table,
    "pandas._libs.index.ObjectEngine": hold_engine,
}

# pandas 3 has "pandas.DataFrame" as the full name, pandas 2 the name of the defining module.
CHILDREN: Final[dict[str, Children]] = {
    "pandas.DataFrame": name_columns,
    "pandas.core.frame.DataFrame": name_columns,
    "pandas.Series": name_series,
    "pandas.core.series.Series": name_series,
}
