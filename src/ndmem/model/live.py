"""The live array buffers of a process: what `ndmem.arrays` answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ndmem.units import format_nbytes

from .site import Site

_MOST_ROWS = 25
_MOST_NAMES = 3


@dataclass(frozen=True, slots=True)
class LiveBuffer:
    """One buffer of arrays.

    Attributes
    ----------
    nbytes : int
        Of the buffer.
    shape : tuple of int or None
        Of the array that owns it; of the largest view where nobody that is seen owns it. ``None`` if no array was
        found from Python: the tracker alone knows the buffer, and C code or a place nobody can look into holds it.
    dtype : str or None
        As ``str(dtype)`` writes it.
    order : str or None
        ``"C"``, ``"F"``, ``"CF"`` (both) or ``"neither"``.
    names : tuple of str
        How variables, attributes and containers lead to it; empty where only code outside Python holds it.
    n_views : int
        Arrays that look at it besides its owner.
    span : int or None
        Bytes from the first to the last that an array with a name can reach.
    pinned : int or None
        Bytes kept alive beyond `span`, because a smaller view holds all of the buffer.
    history : bool
        Only the output history of a notebook (``Out``, ``_``) keeps it.
    site : Site or None
        The line that made it, while tracking; ``None`` if it is not known.
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


@dataclass(frozen=True, slots=True, repr=False)
class LiveArrays:
    """All live buffers, largest first. Printing it gives a table.

    Attributes
    ----------
    buffers : tuple of LiveBuffer
        Largest first.
    notes : tuple of str
        What was not seen, each a sentence.
    """

    buffers: tuple[LiveBuffer, ...]
    notes: tuple[str, ...] = ()

    @property
    def nbytes(self) -> int:
        """Bytes of all buffers."""
        return sum(buffer.nbytes for buffer in self.buffers)

    def __len__(self) -> int:
        return len(self.buffers)

    def __iter__(self) -> Iterator[LiveBuffer]:
        return iter(self.buffers)

    def __getitem__(self, position: int) -> LiveBuffer:
        return self.buffers[position]

    def __str__(self) -> str:
        lines = [f"{len(self)} array buffers, {format_nbytes(self.nbytes)}"]
        lines += [describe_buffer(buffer) for buffer in self.buffers[:_MOST_ROWS]]
        if len(self) > _MOST_ROWS:
            rest = sum(buffer.nbytes for buffer in self.buffers[_MOST_ROWS:])
            lines.append(f"{format_nbytes(rest):>9}  in {len(self) - _MOST_ROWS} smaller buffers")
        return "\n".join([*lines, *self.notes])

    def __repr__(self) -> str:
        return str(self)


def describe_buffer(buffer: LiveBuffer) -> str:
    """Write one line about a buffer: bytes, array, names, and the line that made it."""
    names = ", ".join(buffer.names[:_MOST_NAMES]) or "(no name leads to it)"
    if len(buffer.names) > _MOST_NAMES:
        names += f" and {len(buffer.names) - _MOST_NAMES} more"
    array = f"{buffer.dtype} {buffer.shape} {buffer.order}  {names}"
    line = f"{format_nbytes(buffer.nbytes):>9}  {array if buffer.shape is not None else 'holder not found from Python'}"
    if buffer.n_views:
        line += f"; {buffer.n_views} view{'' if buffer.n_views == 1 else 's'}"
    if buffer.pinned and buffer.span is not None:
        line += f"; pins {format_nbytes(buffer.pinned)} beyond the {format_nbytes(buffer.span)} in view"
    if buffer.history:
        line += "; kept only by the output history"
    if buffer.site is not None:
        line += f"; made at {buffer.site.filename}:{buffer.site.lineno} in {buffer.site.function}"
    return line
