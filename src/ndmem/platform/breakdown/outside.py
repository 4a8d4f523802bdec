"""Divide the resident memory of another process, as far as the system shows it."""

import mmap
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ndmem.errors import ProcessError
from ndmem.model.memory.breakdown import Breakdown
from ndmem.platform.resident.pages import process_resident_nbytes
from ndmem.units import format_nbytes

from .chunks import Extent
from .smaps import PROC, Kind, Region, read_regions
from .stacks import thread_stacks

_FIGURE: Final = re.compile(r"^(\w+):\s+(\d+)(?: kB)?$", re.MULTILINE)
_INSIDE: Final = "Its heap and its arrays can only be told apart from inside the process: call ndmem.breakdown() there."


def check_pid(pid: object) -> int:
    """Return a valid process id.

    Raises
    ------
    ProcessError
        If it is not valid.
    """
    if isinstance(pid, bool) or not isinstance(pid, int) or not 0 < pid < 2**31:
        # Python refuses to convert an integer of thousands of digits to text.
        shown = "this number" if isinstance(pid, int) and not -(2**63) < pid < 2**63 else repr(pid)[:40]
        raise ProcessError(f"{shown} is not a process id; write a number as ps shows it")
    return pid


def outside(pid: int, *, proc: Path = PROC) -> Breakdown:
    """Divide the resident memory of another process as far as the system shows it.

    Parameters
    ----------
    pid : int
        The process.
    proc : Path
        Where ``/proc`` is; another folder for tests.

    Returns
    -------
    Breakdown
        Files, shared memory and stacks; only shared memory for another user's process.

    Raises
    ------
    ProcessError
        If the process does not exist, or has no memory.
    """
    try:
        status = (proc / str(pid) / "status").read_text("utf-8", "replace")
    except OSError:
        return _elsewhere(pid)
    figures = {name: int(number) for name, number in _FIGURE.findall(status)}
    if "VmRSS" not in figures:
        raise ProcessError(
            f"process {pid} has no memory: it has ended, or belongs to the kernel; choose another process"
        )
    try:
        regions = read_regions(pid, proc=proc)
    except PermissionError:
        return _of_status(pid, figures)
    except OSError:
        regions = ()
    if not regions:
        raise ProcessError(f"process {pid} has just ended; choose another process")
    return _of_regions(pid, regions, proc)


def _of_regions(pid: int, regions: tuple[Region, ...], proc: Path) -> Breakdown:
    of = {kind: sum(region.resident for region in regions if region.kind is kind) for kind in Kind}
    found = thread_stacks(regions, pid, proc=proc)
    stacks = sum(region.resident for region in regions if _is_filled(region, found))
    swapped = sum(region.swapped for region in regions)
    return Breakdown(
        pid=pid,
        rss=sum(of.values()),
        libraries=of[Kind.LIBRARY],
        mapped=of[Kind.MAPPED],
        shared=of[Kind.SHARED],
        stacks=of[Kind.STACK] + stacks,
        notes=(_INSIDE, *([f"{format_nbytes(swapped)} more is in swap."] if swapped else [])),
    )


def _is_filled(region: Region, stacks: Iterable[Extent]) -> bool:
    """Return whether a region holds only stacks and the guard pages below them.

    The kernel reports resident bytes for whole regions only.
    """
    inside = [nbytes for start, nbytes in stacks if region.start <= start < region.end]
    nbytes = region.end - region.start
    return bool(inside) and sum(inside) in (nbytes, nbytes - len(inside) * mmap.PAGESIZE)


def _of_status(pid: int, figures: dict[str, int]) -> Breakdown:
    """Return the figures of a process that every user may read."""
    shared, files = figures.get("RssShmem"), figures.get("RssFile")
    notes = [f"Process {pid} belongs to another user: no permission to read its memory map."]
    if files is not None:
        notes.append(f"{format_nbytes(files * 1024)} of it is pages of files.")
    return Breakdown(
        pid=pid,
        rss=figures["VmRSS"] * 1024,
        shared=None if shared is None else shared * 1024,
        notes=(*notes, _INSIDE),
    )


def _elsewhere(pid: int) -> Breakdown:
    """Return psutil's figures, on systems other than Linux."""
    rss = process_resident_nbytes(pid)
    if rss is None:
        raise ProcessError(f"process {pid} does not exist, or access to it is denied; write a number as ps shows it")
    return Breakdown(pid=pid, rss=rss, notes=("The parts are only known on Linux.",))
