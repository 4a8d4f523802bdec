"""NumPy's own files: the whole size is allocated first, so that a full disk is an error before any work."""

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ndmem.errors import ScalingError, WeighError
from ndmem.platform.disk_space import reserve_disk_space
from ndmem.scaling.positioned_file import PositionedFile
from ndmem.weighing.stored.npy import read_header

from .blocks import check_fit, writing
from .file_rows import FileOutput


def open_path(path: str, shape: tuple[int, ...], dtype: np.dtype[Any], *, rows: int, resume: bool) -> FileOutput:
    """Create a ``.npy`` file, or open one that matches the result."""
    del rows  # any rows can be written
    if not (resume and os.path.lexists(path)):
        _create(path, shape, dtype)
    with writing(path, "the header", 0), Path(path).open("rb") as file:
        try:
            found, offset = read_header(file, path)
        except WeighError as error:
            raise ScalingError(str(error)) from error
    check_fit(path, (found.shape, found.dtype), (shape, dtype))
    if found.dtype != dtype or (found.order.value == "F" and len(shape) > 1):
        raise ScalingError(f"{path} has {found} in {found.order.value} order, not the result's {dtype} in C order")
    output = FileOutput(shape, dtype, "npy", path, PositionedFile(path, write=True), offset, path)
    if output.file.nbytes < offset + math.prod(shape) * dtype.itemsize:
        output.close()
        raise ScalingError(f"{path} is shorter than its header says; delete it, and begin again")
    return output


def _create(path: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    nbytes = math.prod(shape) * dtype.itemsize
    with writing(path, "all rows", nbytes), Path(path).open("xb+") as file, _removed_on_error(path):
        _write_header(file, shape, dtype)
        if nbytes:
            reserve_disk_space(file.fileno(), file.tell(), nbytes)


@contextlib.contextmanager
def _removed_on_error(path: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        # The file would look like a result that is complete.
        with contextlib.suppress(OSError):
            Path(path).unlink()
        raise


def _write_header(file: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Write the header of the oldest version of the format that can describe the array, as `numpy.save` does."""
    # The header of an array without values in memory: of one element, repeated.
    whole = np.broadcast_to(np.empty((), dtype), shape)
    header = np.lib.format.header_data_from_array_1_0(whole)
    header["fortran_order"] = False
    for write in (np.lib.format.write_array_header_1_0, np.lib.format.write_array_header_2_0):
        try:
            write(file, header)
        except ValueError:  # too long for this version
            file.seek(0)
        else:
            return
    raise ScalingError(f"names of fields in {str(dtype)[:100]} need version 3 of the .npy format; rename the fields")
