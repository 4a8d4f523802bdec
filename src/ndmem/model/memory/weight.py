"""The weight of objects: four numbers, and the same for the parts."""

from __future__ import annotations

from typing import NamedTuple

from ndmem.model.trace import Domain


# These nouns are tuples: creating a frozen dataclass of eight fields takes 1.2 µs, a tuple 0.3 µs, and weighing one
# array takes 5 µs in all.
class Numbers(NamedTuple):
    """The bytes of an object, or of several taken together; each buffer and each object once.

    Attributes
    ----------
    owned : int
        Bytes that are freed when the last reference goes; without `mapped`.
    reachable : int
        Bytes that it keeps alive: buffers and Python objects; without `mapped`.
    logical : int
        Sum of ``.nbytes`` of its arrays, once for each reference.
    resident : int or None
        Bytes of its buffers in RAM; ``None`` if not requested or unknown to the system.
    mapped : int
        Bytes of mapped files that it keeps open; `owned_mapped` of them are closed with it.
    python : int
        The part of `reachable` that is Python objects: headers, dicts, lists, numbers, strings.
    unsure : int
        The part of `owned` that C or C++ code may hold too: `owned` is an upper bound, `owned_least` the lower one.
    device : int
        Bytes on an accelerator, such as a GPU; in no other number but `logical`.
    unseen : int
        Reached objects whose contents are not visible. Above 0, `owned` and `reachable` are lower bounds.
    """

    owned: int
    reachable: int
    logical: int
    resident: int | None
    mapped: int
    owned_mapped: int
    python: int
    unsure: int
    device: int = 0
    unseen: int = 0

    @property
    def owned_least(self) -> int:
        """The least that is freed: `owned` without what C or C++ code may hold too."""
        return self.owned - self.unsure

    @property
    def owned_most(self) -> int | None:
        """The most that is freed; ``None`` if the contents of an object are not visible."""
        return None if self.unseen else self.owned

    @property
    def buffers_nbytes(self) -> int:
        """The part of `reachable` that is arrays and other buffers."""
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
        Bytes of it in RAM; ``None`` if unknown.
    holder : str
        Its root object: ``"ndarray float64 (1000,)"``, ``"mmap"``, ``"memory outside NumPy"``.
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
        Objects merged into this part.
    numbers : Numbers
        Of the part alone, as if it were weighed by itself.
    parts : tuple of Part
        Its own children, down to the depth asked for.
    """

    label: str
    kind: str
    count: int  # type: ignore[assignment]  # it hides tuple.count, which has no use here
    numbers: Numbers
    parts: tuple[Part, ...] = ()


class Weight(NamedTuple):
    """The weight of one or several objects.

    Attributes
    ----------
    kind : str
        Type of what was weighed, and dtype and shape where it has them.
    numbers : Numbers
        The four numbers, also as ``owned``, ``reachable``, ``logical``, ``resident``, ``mapped``, ``device``,
        ``python``.
    parts : tuple of Part
        Children by name, equal ones merged, largest first.
    buffers : tuple of BufferShare
        The largest buffers, largest first; ``n_buffers`` is how many there are.
    notes : tuple of str
        Sentences about what was not measured or is not in memory.
    """

    kind: str
    numbers: Numbers
    parts: tuple[Part, ...] = ()
    buffers: tuple[BufferShare, ...] = ()
    n_buffers: int = 0
    notes: tuple[str, ...] = ()

    @property
    def owned(self) -> int:
        """Bytes that are freed when the last reference goes."""
        return self.numbers.owned

    @property
    def reachable(self) -> int:
        """Bytes that it keeps alive, each once."""
        return self.numbers.reachable

    @property
    def logical(self) -> int:
        """Sum of ``.nbytes``."""
        return self.numbers.logical

    @property
    def resident(self) -> int | None:
        """Bytes of its buffers in RAM; ``None`` if unknown."""
        return self.numbers.resident

    @property
    def mapped(self) -> int:
        """Bytes of mapped files that it keeps open."""
        return self.numbers.mapped

    @property
    def device(self) -> int:
        """Bytes on an accelerator, such as a GPU."""
        return self.numbers.device

    @property
    def python(self) -> int:
        """Bytes of the Python objects themselves, within `reachable`."""
        return self.numbers.python

    def part(self, label: str) -> Part:
        """Return the part with this label.

        Raises
        ------
        KeyError
            If no part has it.
        """
        for part in self.parts:
            if part.label == label:
                return part
        raise KeyError(label)
