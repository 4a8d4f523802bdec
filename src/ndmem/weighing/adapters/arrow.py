"""Arrow: buffers in C++, described by address. Other holders in C++ cannot be seen."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any, Final

from ndmem.model.trace import Domain
from ndmem.platform.resident.mapped import FileMappings
from ndmem.weighing.registry import Holding, Leave, Region, Rule

# A mapped file may not be written to. Its buffers are whole record batches; listing the mappings takes 0.2 ms.
_ASKED: Final = 64 * 1024


def pool_nbytes() -> int:
    """Return what Arrow's default pool has in use from an allocator of its own; 0 if there is none, or it is malloc."""
    try:
        pool = sys.modules["pyarrow"].default_memory_pool()
        return 0 if pool.backend_name == "system" else int(pool.bytes_allocated())
    except (KeyError, AttributeError, TypeError, ValueError):  # no Arrow, or a module of the program with that name
        return 0


def hold_buffer(buffer: Any) -> Holding:
    """Return the memory of a buffer, of the whole one if it is a slice."""
    return _holding([buffer], buffer.size)


def hold_array(array: Any) -> Holding:
    """Return the buffers of an array, with those of its children and its dictionary."""
    return _holding(_buffers(array), array.nbytes)


def hold_chunks(chunked: Any) -> Holding:
    """Return the buffers of a chunked array."""
    return _holding((buffer for chunk in chunked.chunks for buffer in _buffers(chunk)), chunked.nbytes)


def hold_table(table: Any) -> Holding:
    """Return the buffers of a table or a record batch."""
    buffers: list[Any] = []
    for column in table.columns:
        for chunk in getattr(column, "chunks", [column]):
            buffers += _buffers(chunk)
    return _holding(buffers, table.nbytes, _metadata_nbytes(table.schema))


def _metadata_nbytes(schema: Any) -> int:
    """Return the bytes of keys and values in a schema and its fields: C++ strings without a known address."""
    carriers = [schema, *schema]
    return sum(len(key) + len(value) for each in carriers for key, value in (each.metadata or {}).items())


def _buffers(array: Any) -> Iterator[Any]:
    yield from filter(None, array.buffers())
    dictionary = getattr(array, "dictionary", None)
    if dictionary is not None:
        yield from _buffers(dictionary)


def _holding(buffers: Iterable[Any], logical: int, nbytes: int = 0) -> Holding:
    regions = set()
    mappings: FileMappings | None = None
    for buffer in buffers:
        while buffer.parent is not None:
            buffer = buffer.parent  # noqa: PLW2901 (climbing from a slice to the buffer it lies in)
        if not buffer.is_cpu or not buffer.size:
            continue
        domain = Domain.FOREIGN
        if not buffer.is_mutable and buffer.size >= _ASKED:
            mappings = mappings or FileMappings()
            domain = Domain.MAPPED if mappings.covers(buffer.address) else domain
        regions.add(Region(buffer.address, buffer.size, domain, sure=False))
    return Holding(regions=tuple(regions), logical=logical, nbytes=nbytes, follow=False)


# All columns of a type share it, and it is small.
SEEN: Final = ("pyarrow.lib.DataType", "pyarrow.lib.Field", "pyarrow.lib.Schema", "pyarrow.lib.KeyValueMetadata")

RULES: Final[dict[str, Rule | Leave]] = {
    "pyarrow.lib.Buffer": hold_buffer,
    "pyarrow.lib.Array": hold_array,
    "pyarrow.lib.ChunkedArray": hold_chunks,
    "pyarrow.lib._Tabular": hold_table,
    # pyarrow up to 11 has no common base of the two.
    "pyarrow.lib.Table": hold_table,
    "pyarrow.lib.RecordBatch": hold_table,
}
