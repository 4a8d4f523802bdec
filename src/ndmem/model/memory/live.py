"""The live array buffers of a process."""

from collections.abc import Iterator
from dataclasses import dataclass

from ndmem.model.site import Site


@dataclass(frozen=True, slots=True)
class ArrayBuffer:
    """One buffer of arrays.

    Attributes
    ----------
    nbytes : int
        Bytes of the buffer.
    shape : tuple of int or None
        Shape of the array that owns it, or of the largest view if the owner is unknown. ``None`` if no array was found
        from Python: only the tracker knows the buffer, and C code or a hidden place holds it.
    dtype : str or None
        As ``str(dtype)`` writes it.
    order : str or None
        ``"C"``, ``"F"``, ``"CF"`` (both) or ``"neither"``.
    names : tuple of str
        Variables, attributes and containers that lead to it; empty if only code outside Python holds it.
    n_views : int
        Number of arrays on it besides its owner.
    span : int or None
        Bytes from the first to the last one that a named array can reach.
    pinned : int or None
        Bytes kept alive beyond `span`, because a smaller view holds all of the buffer.
    history : bool
        Whether only the output history of a notebook (``Out``, ``_``) keeps it.
    site : Site or None
        The line that allocated it, while tracking; ``None`` if unknown.
    """

    nbytes: int
    shape: tuple[int, ...] | None
    dtype: str | None
    order: str | None
    names: tuple[str, ...]
    n_views: int
    span: int | None
    pinned: int | None
    history: bool
    site: Site | None


@dataclass(frozen=True, slots=True)
class LiveArrays:
    """All live buffers, largest first.

    Attributes
    ----------
    buffers : tuple of ArrayBuffer
        Largest first.
    notes : tuple of str
        Sentences about what was not seen.
    """

    buffers: tuple[ArrayBuffer, ...]
    notes: tuple[str, ...] = ()

    @property
    def nbytes(self) -> int:
        """Bytes of all buffers."""
        return sum(buffer.nbytes for buffer in self.buffers)

    def __len__(self) -> int:
        return len(self.buffers)

    def __iter__(self) -> Iterator[ArrayBuffer]:
        return iter(self.buffers)

    def __getitem__(self, position: int) -> ArrayBuffer:
        return self.buffers[position]
