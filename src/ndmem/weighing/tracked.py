"""Ask the running tracker about an address."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ndmem import _native
from ndmem.model.columns import Domain
from ndmem.model.site import Site
from ndmem.user_code import is_below


@dataclass(frozen=True, slots=True)
class TrackedBuffer:
    """A live buffer of NumPy's allocator.

    Attributes
    ----------
    start, nbytes : int
        Address and length.
    stack_node : int
        Node of the trace's call tree where it was allocated.
    """

    start: int
    nbytes: int
    stack_node: int


def tracked_buffer(address: int) -> TrackedBuffer | None:
    """Return the buffer that begins at an address; ``None`` if no tracker runs, or the tracker has no such buffer."""
    found = _native.buffer_at(address)
    return None if found is None else TrackedBuffer(*found)


class TrackedBuffers:
    """The live buffers of one moment; none if no tracker runs.

    Parameters
    ----------
    smallest : int
        Skip buffers of fewer bytes.
    domain : Domain
        Take the buffers of this domain.
    """

    def __init__(self, smallest: int, domain: Domain = Domain.ARRAY) -> None:
        self._buffers = [TrackedBuffer(*found) for found in sorted(_native.live_buffers(smallest, domain))]
        self._starts = [buffer.start for buffer in self._buffers]

    def __iter__(self) -> Iterator[TrackedBuffer]:
        return iter(self._buffers)

    def at(self, address: int) -> TrackedBuffer | None:
        """Return the buffer that an address lies in."""
        place = bisect_right(self._starts, address) - 1
        buffer = self._buffers[place] if place >= 0 else None
        return buffer if buffer is not None and address < buffer.start + buffer.nbytes else None


def tracked_site(buffer: TrackedBuffer) -> Site | None:
    """Return the line that allocated a buffer: the innermost outside NumPy, ``None`` if no Python code ran."""
    numpy = (str(Path(np.__file__).parent),)
    for filename, lineno, function in _native.places_of(buffer.stack_node):
        if not is_below(filename, numpy):
            return Site(filename, lineno, lineno, None, None, function)
    return None
