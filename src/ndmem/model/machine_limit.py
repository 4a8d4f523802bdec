"""The limit of the machine that a run began under."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# No count of bytes reaches the largest address space that there is, of 57 bits.
_ADDRESSABLE = 2**57


@dataclass(frozen=True, slots=True)
class MachineLimit:
    """Of all limits that the machine set, the one with the least free when tracking began.

    Attributes
    ----------
    source : str
        Who set it: ``"cgroup"``, ``"rlimit"``, ``"batch system"`` or ``"RAM"``.
    name : str
        Where it was read: a file, a resource, a variable.
    nbytes : int
        Bytes allowed in all.
    free_nbytes : int
        Bytes of them that were free then.
    """

    source: str
    name: str
    nbytes: int
    free_nbytes: int


def read_machine_limit(given: Mapping[str, Any] | None) -> MachineLimit | None:
    """Return what a file says; ``None`` where it says nothing.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is something else, or cannot be.
    """
    if given is None:
        return None
    figures = given["nbytes"], given["free_nbytes"]
    if any(type(figure) is not int or not 0 <= figure < _ADDRESSABLE for figure in figures):
        raise ValueError("its limit of memory makes no sense")
    return MachineLimit(str(given["source"]), str(given["name"]), *figures)
