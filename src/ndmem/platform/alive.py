"""Whether the process that writes a file still runs."""

from __future__ import annotations

import os
from pathlib import Path

# Between the wall clock, as a run noted it, and the kernel's start of its process, which counts from the boot.
_CLOCK_SLACK_S = 2.0


def find_home() -> list[str]:
    """Return what tells a machine, and a container on it, from others: a process id means something only there.

    Cheap, for each tracked program waits for it.
    """
    try:
        namespace = os.readlink("/proc/self/ns/pid")  # noqa: PTH115  # a Path is not needed for one call
    except OSError:  # not Linux, or no /proc
        namespace = ""
    return [os.uname().nodename, namespace]


def writes_to(pid: int, path: Path, *, started: float) -> bool:
    """Tell whether a process of this machine runs and is the one that began to write a file.

    Parameters
    ----------
    pid : int
        Its id then. Ids come again, so the id alone says nothing.
    path : Path
        The file, which the process keeps mapped.
    started : float
        Seconds since the epoch when it had begun. Used where its mappings cannot be read: a process that is
        younger was given the id of a dead one.
    """
    import psutil  # noqa: PLC0415  # 10 ms that the launch of a program need not wait for

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        began = process.create_time()
    except (psutil.Error, ValueError, OverflowError):
        return False
    try:
        return _is_mapped(Path(f"/proc/{pid}/maps").read_bytes(), path)
    except OSError:  # somebody else's process, or a system without /proc
        return bool(began <= started + _CLOCK_SLACK_S)


def _is_mapped(maps: bytes, path: Path) -> bool:
    """Tell whether a file is in ``/proc/PID/maps``: by its inode or, for some overlays have two, by its name."""
    inode, name = b"%d" % path.stat().st_ino, os.fsencode(path.resolve())
    for line in maps.splitlines():
        # address permissions offset device inode path
        fields = line.split(None, 5)
        if len(fields) == 6 and (fields[4] == inode or fields[5] == name):
            return True
    return False
