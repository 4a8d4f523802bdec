"""Parquet: the footer has rows, columns and types."""

from collections.abc import Iterator
from pathlib import Path

from .stored import Stored


def read(path: Path) -> Iterator[Stored]:
    """Yield the columns of a file, as Arrow would load them."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        metadata, schema = file.metadata, file.schema_arrow
        rows = metadata.num_rows
        stored: dict[str, int] = {}
        for group in range(metadata.num_row_groups):
            for number in range(metadata.num_columns):
                column = metadata.row_group(group).column(number)
                top = column.path_in_schema.partition(".")[0]
                stored[top] = stored.get(top, 0) + column.total_compressed_size
        for field in schema:
            try:
                # Without the bitmap of missing values, which is there only if some are.
                loaded, note = -(-rows * field.type.bit_width // 8), ""
            except ValueError:
                loaded, note = (
                    None,
                    "values of varying length: their size is unknown until they are loaded",
                )
            yield Stored(field.name, (rows,), str(field.type), stored.get(field.name, 0), loaded, note)
