"""What can be told of another process's resident memory."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from ndmem.errors import ProcessError
from ndmem.model.breakdown import Breakdown
from ndmem.units import format_nbytes

from .resident import process_resident_nbytes
from .smaps import PROC, Kind, Region, read_regions
from .stacks import thread_stacks

_FIGURE: Final = re.compile(r"^(\w+):\s+(\d+)(?: kB)?$", re.MULTILINE)
_INSIDE: Final = "Its heap and its arrays can only be told apart inside it: call ndmem.breakdown() there."


def check_pid(pid: object) -> int:
    """Return what is a process id.

    Raises
    ------
    ProcessError
        If it is none.
    """
    if isinstance(pid, bool) or not isinstance(pid, int) or not 0 < pid < 2**31:
        # A number of thousands of digits cannot even be written.
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
        Files, shared memory and stacks; of somebody else's process shared memory alone.

    Raises
    ------
    ProcessError
        If there is no such process, or it has no memory.
    """
    try:
        status = (proc / str(pid) / "status").read_text("utf-8", "replace")
    except OSError:
        return _elsewhere(pid)
    figures = {name: int(number) for name, number in _FIGURE.findall(status)}
    if "VmRSS" not in figures:
        raise ProcessError(f"process {pid} has no memory: it has ended, or is a part of the kernel")
    try:
        regions = read_regions(pid, proc=proc)
    except PermissionError:
        return _of_status(pid, figures)
    except OSError:
        regions = ()
    if not regions:
        raise ProcessError(f"process {pid} has just ended")
    return _of_regions(pid, regions, proc)


def _of_regions(pid: int, regions: tuple[Region, ...], proc: Path) -> Breakdown:
    of = {kind: sum(region.resident for region in regions if region.kind is kind) for kind in Kind}
    found = set(thread_stacks(regions, pid, proc=proc))
    # Only what is a region by itself: of a part of one it is not known how much is in RAM.
    stacks = sum(region.resident for region in regions if (region.start, region.end - region.start) in found)
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


def _of_status(pid: int, figures: dict[str, int]) -> Breakdown:
    """Tell what everybody may know of a process."""
    shared, files = figures.get("RssShmem"), figures.get("RssFile")
    notes = [f"Process {pid} is somebody else's: its memory map may not be read."]
    if files is not None:
        notes.append(f"{format_nbytes(files * 1024)} of it is pages of files.")
    return Breakdown(
        pid=pid,
        rss=figures["VmRSS"] * 1024,
        shared=None if shared is None else shared * 1024,
        notes=(*notes, _INSIDE),
    )


def _elsewhere(pid: int) -> Breakdown:
    """Tell what psutil does, on systems other than Linux."""
    rss = process_resident_nbytes(pid)
    if rss is None:
        raise ProcessError(f"there is no process {pid}, or nothing may be known of it")
    return Breakdown(pid=pid, rss=rss, notes=("The parts are known on Linux alone.",))
