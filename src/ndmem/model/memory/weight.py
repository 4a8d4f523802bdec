"""The Weight: what an object holds, in four numbers, and by its parts."""

from __future__ import annotations

from typing import NamedTuple

from .trace import Domain
from .tree import as_html, as_text


# These nouns are tuples: a frozen dataclass of eight fields takes 1.2 µs to make, a tuple 0.3, and to weigh one array
# takes five in all.
class Numbers(NamedTuple):
    """The bytes of an object, or of several taken together; each buffer and each object once.

    Attributes
    ----------
    owned : int
        Freed if the last reference to it went; without `mapped`.
    reachable : int
        Kept alive by it: its buffers, and the Python objects; without `mapped`.
    logical : int
        What ``.nbytes`` of its arrays adds up to, each reference anew.
    resident : int or None
        Of its buffers, in RAM now; ``None`` where it was not asked for or the system cannot tell.
    mapped : int
        Of files mapped into memory that it keeps open, `owned_mapped` of them closed with it.
    python : int
        Of `reachable`, the Python objects themselves: headers, dicts, lists, numbers, texts.
    unsure : int
        Of `owned`, buffers that C++ or C code may hold too, unseen: `owned` is at most what it says.
    """

    owned: int
    reachable: int
    logical: int
    resident: int | None
    mapped: int
    owned_mapped: int
    python: int
    unsure: int

    @property
    def buffers_nbytes(self) -> int:
        """Of `reachable`, the memory of arrays and other buffers."""
        return self.reachable - self.python


class BufferShare(NamedTuple):
    """One region of memory, and the parts that use it.

    Attributes
    ----------
    nbytes : int
        Bytes.
    domain : Domain
        Kind of memory.
    resident : int or None
        Bytes of it in RAM; ``None`` if not known.
    holder : str
        What its root is: ``"ndarray float64 (1000,)"``, ``"mmap"``, ``"memory outside NumPy"``.
    parts : tuple of str
        Labels of the parts that lead to it; more than one if they share it.
    """

    nbytes: int
    domain: Domain
    resident: int | None
    holder: str
    parts: tuple[str, ...] = ()


class Part(NamedTuple):
    """A child by name, or several that are alike.

    Attributes
    ----------
    label : str
        ``"['temperature']"``, ``".values"``, ``"[0]"``, or for several ``"[0], [1], … (10000)"``.
    kind : str
        Type, and dtype and shape where it has them.
    count : int
        Objects folded into this part.
    numbers : Numbers
        Of the part alone, as if it were weighed by itself.
    parts : tuple of Part
        Its own children, down to the depth asked for.
    """

    label: str
    kind: str
    count: int  # type: ignore[assignment]  # nobody counts a value in it
    numbers: Numbers
    parts: tuple[Part, ...] = ()


class Weight(NamedTuple):
    """What objects weigh. Printing it gives a tree, largest first.

    Attributes
    ----------
    kind : str
        Type of what was weighed, and dtype and shape where it has them.
    numbers : Numbers
        The four numbers, also as ``owned``, ``reachable``, ``logical``, ``resident``, ``mapped``, ``python``.
    parts : tuple of Part
        Children by name, those alike folded, largest first.
    buffers : tuple of BufferShare
        The largest buffers, largest first; ``n_buffers`` is how many there are.
    notes : tuple of str
        What was not measured or is not in memory, each a sentence.
    """

    kind: str
    numbers: Numbers
    parts: tuple[Part, ...] = ()
    buffers: tuple[BufferShare, ...] = ()
    n_buffers: int = 0
    notes: tuple[str, ...] = ()

    @property
    def owned(self) -> int:
        """Bytes freed if the last reference went."""
        return self.numbers.owned

    @property
    def reachable(self) -> int:
        """Bytes it keeps alive, each once."""
        return self.numbers.reachable

    @property
    def logical(self) -> int:
        """What ``.nbytes`` adds up to."""
        return self.numbers.logical

    @property
    def resident(self) -> int | None:
        """Bytes of its buffers in RAM; ``None`` if not known."""
        return self.numbers.resident

    @property
    def mapped(self) -> int:
        """Bytes of mapped files it keeps open."""
        return self.numbers.mapped

    @property
    def python(self) -> int:
        """Bytes of the Python objects themselves, within `reachable`."""
        return self.numbers.python

    def part(self, label: str) -> Part:
        """Return the part with this label.

        Raises
        ------
        KeyError
            If there is none.
        """
        for part in self.parts:
            if part.label == label:
                return part
        raise KeyError(label)

    def __str__(self) -> str:
        return as_text(self)

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)
