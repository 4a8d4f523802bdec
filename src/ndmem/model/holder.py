"""The array object of a buffer: its shape and dtype, and the name that holds it."""

from dataclasses import dataclass

GARBAGE = "<garbage>"
"""Function of a holder that is garbage: objects in a cycle of references to which no variable leads."""


@dataclass(frozen=True, slots=True)
class ArrayForm:
    """Shape and dtype of the array that a buffer belongs to, whether or not a variable held it.

    Attributes
    ----------
    shape : tuple of int
        Its shape.
    dtype : str
        As ``str(dtype)`` writes it, without byte order where it is native; of a structured one kind and size.
    """

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Holder:
    """An array object that held a buffer when it was sampled.

    Attributes
    ----------
    buffer : int
        Number of the buffer.
    name : str
        Name of the local or global variable that held the array; empty if the earlier
        holders no longer hold the buffer. Of garbage the class of the nearest object.
    function : str
        Function whose local it was; the module's name for a global. `GARBAGE` if only a cycle of references held the
        array: at the end, with a name; or until the garbage collector freed it, without one.
    shape : tuple of int
        Of the array, not of the buffer.
    dtype : str
        As ``str(dtype)`` writes it, without byte order where it is native.
    is_view : bool
        Whether the array is a view: it keeps the buffer alive without owning it.
    events : int
        Number of events before this sample; a later holder of the same buffer replaces it.
    """

    buffer: int
    name: str
    function: str
    shape: tuple[int, ...]
    dtype: str
    is_view: bool
    events: int = 0
