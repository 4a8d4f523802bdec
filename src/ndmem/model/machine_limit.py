"""The memory limit of the machine when a run began."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.units import ADDRESSABLE_NBYTES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


@dataclass(frozen=True, slots=True)
class MachineLimit:
    """Of all limits that the machine set, the one with the least free when tracking began.

    Attributes
    ----------
    source : str
        What set it: ``"cgroup"``, ``"rlimit"``, ``"batch system"`` or ``"RAM"``.
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
    """Return the limit that a file records; ``None`` if it records none.

    Raises
    ------
    KeyError, TypeError, ValueError
        If the record is not valid.
    """
    if given is None:
        return None
    figures = given["nbytes"], given["free_nbytes"]
    if any(type(figure) is not int or not 0 <= figure < ADDRESSABLE_NBYTES for figure in figures):
        raise ValueError("its limit of memory makes no sense")
    return MachineLimit(str(given["source"]), str(given["name"]), *figures)
