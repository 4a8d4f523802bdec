"""Optional libraries, which are imported only where an array of them is opened."""

from collections.abc import Iterator
from contextlib import contextmanager

from ndmem.errors import MissingError


@contextmanager
def library_for(doing: str) -> Iterator[None]:
    """Raise a MissingError that names the library if one is not installed.

    Parameters
    ----------
    doing : str
        What it is needed for, such as ``"reading a.zarr"``.
    """
    try:
        yield
    except ImportError as error:
        name = (error.name or "another library").partition(".")[0]
        raise MissingError(f"{doing} needs {name}, not installed here; write: pip install {name}") from error
