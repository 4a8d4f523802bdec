"""List the arrays in a file, from its headers."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ndmem.errors import WeighError
from ndmem.file_kind import JOURNAL, TRACE, identify_file


@dataclass(frozen=True, slots=True)
class Stored:
    """One array in a file.

    Attributes
    ----------
    name : str
        Of the array within the file; empty where the file is one array.
    shape : tuple of int
        As the header says.
    dtype : str
        Element type; for a table, its columns' number.
    stored : int
        Bytes on disk.
    loaded : int or None
        Bytes of memory when it is loaded whole; ``None`` if unknown without loading it.
    note : str
        A sentence about what is unknown or wrong; empty otherwise.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    stored: int
    loaded: int | None
    note: str = ""


_FORMATS: Final = (
    (b"\x93NUMPY", "npy"),
    (b"PK\x03\x04", "npz"),
    (b"PK\x05\x06", "npz"),  # an empty zip archive
    (b"PAR1", "parquet"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
)


def stored_arrays(path: str | Path) -> list[Stored]:
    """List the arrays of a file from its headers, without loading data or running pickles.

    Parameters
    ----------
    path : str or Path
        A ``.npy``, ``.npz``, Parquet or HDF5 file, or a zarr folder; recognized by its content, not by its name.

    Returns
    -------
    list of Stored
        In the file's order.

    Raises
    ------
    WeighError
        If it cannot be read, has another format, or is damaged; or if the library for its format is not installed.
    """
    path = Path(path)
    reader = importlib.import_module(f".{_format(path)}", __package__)
    try:
        found: Iterator[Stored] = reader.read(path)
        return list(found)
    except WeighError:
        raise
    except ImportError as error:
        raise WeighError(f"{path}: reading it needs {error.name}; install it with pip install {error.name}") from None
    except RecursionError:
        raise WeighError(f"{path}: cannot be read: its header is nested too deeply; write it again") from None
    except Exception as error:  # each library has errors of its own for a damaged file
        why = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise WeighError(f"{path}: cannot be read: {why}; copy or write it again") from None


def _format(path: Path) -> str:
    try:
        if path.is_dir():
            if any((path / name).exists() for name in ("zarr.json", ".zarray", ".zgroup")):
                return "zarr"
            raise WeighError(f"{path}: is a folder without zarr metadata; give a file or a zarr folder")
        kind = identify_file(path)
        with path.open("rb") as file:
            start = file.read(8)
    except WeighError:
        raise
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise WeighError(
            f"{str(path)[:200]!r}: cannot be read: {why}; check the path, or give a dtype and shape: f8[1000,1000]"
        ) from None
    for magic, name in _FORMATS:
        if start.startswith(magic) and kind is not TRACE:
            return name
    advice = (
        kind.advise(str(path)) if kind in (TRACE, JOURNAL) else "give one of these, or a dtype and shape: f8[1000,1000]"
    )
    raise WeighError(f"{path}: is {kind.name}, not a .npy, .npz, Parquet or HDF5 file, nor a zarr folder; {advice}")
