"""Whether the process that writes a file still runs."""

import os
from pathlib import Path

# Tolerance between the wall clock that a run recorded and the kernel's start time of its process, counted from boot.
_CLOCK_SLACK_S = 2.0


def find_home() -> list[str]:
    """Return a text that identifies a machine, or a container: a process id is valid only there.

    It must be cheap: each tracked program computes it at start.
    """
    try:
        namespace = os.readlink("/proc/self/ns/pid")  # noqa: PTH115  # a Path is not needed for one call
    except OSError:  # not Linux, or no /proc
        namespace = ""
    return [os.uname().nodename, namespace]


def writes_to(pid: int, path: Path, *, started: float) -> bool:
    """Return whether the process that wrote a file still runs on this machine.

    Parameters
    ----------
    pid : int
        The process id at that time. The system reuses ids, so the id alone proves nothing.
    path : Path
        The file, which the process keeps mapped.
    started : float
        Its start in seconds since the epoch. Used where its mappings cannot be read: a younger process has the
        reused id of a dead one.
    """
    import psutil  # its import takes 10 ms, which would delay the launch of a program

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        began = process.create_time()
    except (psutil.Error, ValueError, OverflowError):
        return False
    try:
        return _is_mapped(Path(f"/proc/{pid}/maps").read_bytes(), path)
    except OSError:  # another user's process, or a system without /proc
        return bool(began <= started + _CLOCK_SLACK_S)


def _is_mapped(maps: bytes, path: Path) -> bool:
    """Return whether a file is in ``/proc/PID/maps``: by its inode or, since some overlays have two, by its name."""
    inode, name = b"%d" % path.stat().st_ino, os.fsencode(path.resolve())
    for line in maps.splitlines():
        # address permissions offset device inode path
        fields = line.split(None, 5)
        if len(fields) == 6 and (fields[4] == inode or fields[5] == name):
            return True
    return False
