"""The resident memory of a run's processes together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.units import ADDRESSABLE_NBYTES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_OPTIONAL = {"shared_memory_nbytes", "files_nbytes"}


@dataclass(frozen=True, slots=True)
class Together:
    """Resident memory of several processes at one moment, pages that they share counted once.

    Pages are shared by fork until one of the processes writes to them, by shared memory, and by mapped files.

    Attributes
    ----------
    nbytes : int
        Bytes in RAM, by proportional shares (PSS): a page of three processes is a third in each. Of a page that other
        processes of the machine have too, such as one of the C library, only a part is here.
    separate_nbytes : int
        What their resident memory (RSS) adds up to, where each counts all of its pages.
    shared_memory_nbytes, files_nbytes : int or None
        Bytes of ``nbytes`` that are shared memory (``multiprocessing.shared_memory``, shared anonymous mappings,
        tmpfs), and pages of files; the rest is private to one process or shared by fork. ``None`` before Linux 5.4.
    processes : int
        Number of processes.
    time_ns : int
        Nanoseconds since the start of the program's recording.
    looks : int
        Number of samples; this is the highest one.
    """

    nbytes: int
    separate_nbytes: int
    shared_memory_nbytes: int | None
    files_nbytes: int | None
    processes: int
    time_ns: int
    looks: int


def read_together(figures: Mapping[str, Any]) -> Together:
    """Return what a file records.

    Raises
    ------
    TypeError, ValueError
        If the record is not valid.
    """
    for name, value in figures.items():
        if value is None and name in _OPTIONAL:
            continue
        if type(value) is not int or not 0 <= value < ADDRESSABLE_NBYTES:
            raise ValueError("its resident memory of all processes makes no sense")
    return Together(**figures)
