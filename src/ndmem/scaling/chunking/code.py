"""The code that reads or makes an array in chunks, to paste into a program."""

from collections.abc import Sequence
from typing import Any

from ndmem.scaling.sources.source import Source


def write_code(source: Source, value: Any, lengths: tuple[int, ...], *, plain: bool) -> tuple[str, ...]:
    """Return lines of code for the library of the array; `x` is its name in them.

    Parameters
    ----------
    source : Source
        The array.
    value : object
        What the user passed: a path, an array.
    lengths : tuple of int
        Of a chunk.
    plain : bool
        Whether the output has the shape and dtype of the array, so that the line that makes it is known.
    """
    chunks, created = _tuple(lengths), (_create(source, lengths),) if plain else ()
    if source.kind == "dask":
        return (f"x = x.rechunk({chunks})",)
    if source.kind == "xarray":
        axes = [axis for axis, whole in enumerate(source.shape) if lengths[axis] < whole] or [0]
        named = ", ".join(f"{value.dims[axis]!r}: {lengths[axis]}" for axis in axes)
        return (f"x = x.chunk({{{named}}})",)
    if source.kind == "zarr":
        return (f"x = da.from_zarr({_zarr_name(value, source)}, chunks={chunks})", *created)
    opened = {
        "npy": (f"x = np.load({source.name!r}, mmap_mode='r')",),
        "hdf5": (f"x = h5py.File({source.name.partition('::')[0]!r})[{source.name.partition('::')[2]!r}]",),
    }.get(source.kind, ())
    if source.kind == "spec":
        return (*_loop(source.shape, lengths), *created)
    return (*opened, *_loop(source.shape, lengths), f"x = da.from_array(x, chunks={chunks})  # or with Dask")


def _zarr_name(value: Any, source: Source) -> str:
    return repr(source.name) if isinstance(value, str) or hasattr(value, "__fspath__") else "x"


def _create(source: Source, lengths: tuple[int, ...]) -> str:
    # The dtype's text would be that of a user's own class for dtypes that NumPy does not know; zarr has none of these.
    dtype = source.dtype.str.lstrip("<|=") if source.dtype.names is None else "dtype"
    return (
        f"out = zarr.create_array('out.zarr', shape={_tuple(source.shape)}, dtype={dtype!r}, chunks={_tuple(lengths)})"
    )


def _loop(shape: tuple[int, ...], lengths: tuple[int, ...]) -> tuple[str, ...]:
    lines: list[str] = []
    places: list[str] = []
    for axis, (length, whole) in enumerate(zip(lengths, shape, strict=True)):
        if axis and length >= whole:
            places.append(":")
            continue
        name = ("start", "column")[axis] if axis < 2 else f"place_{axis}"
        count = "len(x)" if axis == 0 else f"x.shape[{axis}]"
        lines.append(f"{'    ' * len(lines)}for {name} in range(0, {count}, {length}):")
        places.append(f"{name} : {name} + {length}")
    while places[-1] == ":":
        places.pop()
    return (*lines, f"{'    ' * len(lines)}block = x[{', '.join(places)}]")


def _tuple(lengths: Sequence[int]) -> str:
    return f"({lengths[0]},)" if len(lengths) == 1 else f"({', '.join(map(str, lengths))})"
