"""Who holds a buffer: an array object under a name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Holder:
    """An array object that was seen to hold a buffer.

    Attributes
    ----------
    buffer : int
        Number of the buffer.
    name : str
        Name of the local or global variable that held the array; empty where the holders
        seen before hold the buffer no more.
    function : str
        Function whose local it was; the module's name for a global.
    shape : tuple of int
        Of the array, not of the buffer.
    dtype : str
        As ``str(dtype)`` writes it, without byte order where it is native.
    is_view : bool
        The array does not own the buffer: it keeps it alive.
    events : int
        Number of events until it was seen; a later holder of the same buffer has taken its place.
    """

    buffer: int
    name: str
    function: str
    shape: tuple[int, ...]
    dtype: str
    is_view: bool
    events: int = 0
