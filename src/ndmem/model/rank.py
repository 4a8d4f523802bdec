"""The rank of a process in a parallel job, as the job's launcher says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_MOST_RANKS = 2**31


@dataclass(frozen=True, slots=True)
class Rank:
    """Which process of a parallel job a program was.

    Attributes
    ----------
    number : int
        Its rank, from 0.
    size : int or None
        Number of ranks of the job; ``None`` where the launcher does not say it.
    launcher : str
        What started it: ``"Slurm"``, ``"Open MPI"``, ``"PMI"`` …
    job : str or None
        Identifies the job among others: of a batch system and its step, or of the launcher; ``None`` if unknown.
    host : str
        Name of the machine.
    """

    number: int
    size: int | None
    launcher: str
    job: str | None
    host: str

    @property
    def is_one_of_several(self) -> bool:
        """Whether there are other ranks, as far as is known."""
        return self.size is None or self.size > 1

    @property
    def label(self) -> str:
        """The rank as part of a file's name: ``rank-0003``."""
        return f"rank-{self.number:04}"


def read_rank(given: Mapping[str, Any] | None) -> Rank | None:
    """Return the rank that a file records; ``None`` if it records none.

    Raises
    ------
    KeyError, TypeError, ValueError
        If the record is not valid.
    """
    if given is None:
        return None
    number, size = given["number"], given["size"]
    if type(number) is not int or not 0 <= number < _MOST_RANKS:
        raise ValueError("its rank makes no sense")
    if size is not None and (type(size) is not int or not number < size <= _MOST_RANKS):
        raise ValueError("its number of ranks makes no sense")
    job = given["job"]
    return Rank(number, size, str(given["launcher"]), None if job is None else str(job), str(given["host"]))
