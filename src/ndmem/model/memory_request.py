"""The memory that a job asked its batch system for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.units import ADDRESSABLE_NBYTES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


@dataclass(frozen=True, slots=True)
class MemoryRequest:
    """Memory that a job asked for, on each of its nodes.

    Attributes
    ----------
    option : str
        The option that asks for it: ``"--mem"``, ``"--mem-per-cpu"`` or ``"--mem-per-gpu"``.
    each_nbytes : int
        Bytes that the option names.
    count : int
        Number of CPUs or GPUs on the node that it counts for; 1 for ``"--mem"``.
    """

    option: str
    each_nbytes: int
    count: int

    @property
    def nbytes(self) -> int:
        """Bytes asked for on the node."""
        return self.each_nbytes * self.count


def read_memory_request(given: Mapping[str, Any] | None) -> MemoryRequest | None:
    """Return the request that a file records; ``None`` if it records none.

    Raises
    ------
    KeyError, TypeError, ValueError
        If the record is not valid.
    """
    if given is None:
        return None
    each, count = given["each_nbytes"], given["count"]
    if any(type(figure) is not int or not 0 < figure < ADDRESSABLE_NBYTES for figure in (each, count)):
        raise ValueError("the memory that its job asked for makes no sense")
    return MemoryRequest(str(given["option"]), each, count)
