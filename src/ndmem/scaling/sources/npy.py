"""NumPy's own files, read by position."""

from ndmem.errors import ScalingError, WeighError
from ndmem.model.spec import Order
from ndmem.scaling.positioned_file import PositionedFile
from ndmem.weighing.stored.npy import read_header

from .file_rows import FileRows
from .rows import check_array
from .source import Source


def open_path(path: str) -> Source:
    """Open a ``.npy`` file."""
    with open(path, "rb") as file:  # noqa: PTH123 (a text that came as a text)
        try:
            array, offset = read_header(file, path)
        except WeighError as error:
            raise ScalingError(str(error)) from error
    shape = check_array(path, array.shape, array.dtype)
    by_columns = array.order is Order.F and len(shape) > 1
    rows = FileRows(shape, array.dtype, "npy", path, PositionedFile(path), offset, by_columns=by_columns)
    rows.check_file()
    return rows
