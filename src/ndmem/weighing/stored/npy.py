"""The header of NumPy's own format: numpy.lib.format, versions 1 to 3."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import numpy as np

from ndmem.errors import SpecError, WeighError
from ndmem.model.spec import ArraySpec, spec
from ndmem.units import format_nbytes

from .stored import Stored

# A structured dtype of a thousand fields needs 40 KB; a larger claim is not a header.
_LONGEST: Final = 1024**2


def read(path: Path) -> Iterator[Stored]:
    """Yield the one array of a ``.npy`` file."""
    with path.open("rb") as file:
        yield describe("", file, path.stat().st_size, str(path))


def describe(name: str, file: IO[bytes], nbytes: int, where: str, *, stored: int | None = None) -> Stored:
    """Describe the array in a stream of so many bytes.

    Parameters
    ----------
    name : str
        Of the array.
    file : binary stream
        At its start.
    nbytes : int
        Length of the stream.
    where : str
        First words of an error's message.
    stored : int, optional
        Bytes on disk, where they are compressed.
    """
    array, begin = read_header(file, where)
    note = ""
    loaded: int | None = array.nbytes
    if array.dtype.hasobject:
        loaded, note = None, "has pickled objects: their size is unknown until they are loaded"
    elif begin + array.nbytes > nbytes:
        missing = format_nbytes(begin + array.nbytes - nbytes)
        raise WeighError(
            f"{where}: is truncated: its header says {array} but {missing} of the data are missing; copy it again"
        )
    return Stored(name, array.shape, str(array.dtype), nbytes if stored is None else stored, loaded, note)


def read_header(file: IO[bytes], where: str) -> tuple[ArraySpec, int]:
    """Return what the header says, and where the data begin."""
    start = file.read(8)
    width = 2 if start[6:7] == b"\x01" else 4
    digits = file.read(width)
    length = int.from_bytes(digits, "little")
    if start[:6] != b"\x93NUMPY" or start[6:7] not in (b"\x01", b"\x02", b"\x03") or len(digits) < width:
        raise WeighError(f"{where}: is not a .npy file of version 1 to 3; write it with numpy.save")
    text = file.read(length) if length <= _LONGEST else b""
    if len(text) < length or not text:
        raise WeighError(f"{where}: its header is cut off, or claims {format_nbytes(length)}; copy it again")
    try:
        header = ast.literal_eval(text.decode("utf-8" if start[6] == 3 else "latin1").strip())
        array = _spec(header)
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError, SpecError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise WeighError(
            f"{where}: its header does not describe an array: {why}; write it again with numpy.save"
        ) from None
    return array, 8 + width + length


def _spec(header: dict[str, Any]) -> ArraySpec:
    dtype = np.lib.format.descr_to_dtype(header["descr"])
    if not isinstance(header["shape"], tuple):
        raise ValueError("the shape is not a tuple")
    return spec(header["shape"], dtype, "F" if header["fortran_order"] else "C")
