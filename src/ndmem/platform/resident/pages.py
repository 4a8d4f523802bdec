"""Measure how much of a memory region is in RAM."""

import array
import ctypes
import mmap
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

# Linux 6.7, include/uapi/linux/fs.h: PAGEMAP_SCAN = _IOWR('f', 16, struct pm_scan_arg)
_PAGEMAP_SCAN: Final = 0xC0606610
_PRESENT: Final = 1 << 3
_ZERO: Final = 1 << 5
_ROWS: Final = 512
_PAGEMAP: Final = Path("/proc/self/pagemap")


class _ScanArg(ctypes.Structure):
    _fields_ = [  # noqa: RUF012 (the shape ctypes asks for)
        ("size", ctypes.c_uint64),
        ("flags", ctypes.c_uint64),
        ("start", ctypes.c_uint64),
        ("end", ctypes.c_uint64),
        ("walk_end", ctypes.c_uint64),
        ("vec", ctypes.c_uint64),
        ("vec_len", ctypes.c_uint64),
        ("max_pages", ctypes.c_uint64),
        ("category_inverted", ctypes.c_uint64),
        ("category_mask", ctypes.c_uint64),
        ("category_anyof_mask", ctypes.c_uint64),
        ("return_mask", ctypes.c_uint64),
    ]


def resident_nbytes(regions: Iterable[tuple[int, int]]) -> list[int | None]:
    """Return the bytes in RAM of each region.

    Parameters
    ----------
    regions : iterable of (int, int)
        Address and bytes of each, within this process.

    Returns
    -------
    list of (int or None)
        Bytes whose page is in RAM; of the first and last page, the part that the region covers. Pages that were never
        written are not in RAM (they are the shared page of zeros). ``None`` where the system cannot report it: other
        systems than Linux, and Linux before 6.7.

    Notes
    -----
    Source: ``PAGEMAP_SCAN`` of the kernel. ``mincore`` counts the page of zeros, and for a mapped file the
    page cache of the whole machine; ``/proc/self/pagemap`` counts the huge page of zeros.
    """
    wanted = list(regions)
    try:
        import fcntl

        # Open it each time: after a fork, an open descriptor would still describe the parent.
        with _PAGEMAP.open("rb", buffering=0) as pagemap:
            rows = array.array("Q", bytes(_ROWS * 24))
            answers = []
            for start, nbytes in wanted:
                argument = _ScanArg(size=ctypes.sizeof(_ScanArg), vec=rows.buffer_info()[0], vec_len=_ROWS)
                argument.category_inverted, argument.category_mask = _ZERO, _PRESENT | _ZERO
                argument.return_mask = _PRESENT
                total = 0
                argument.end = -(-(start + nbytes) // mmap.PAGESIZE) * mmap.PAGESIZE
                argument.walk_end = start // mmap.PAGESIZE * mmap.PAGESIZE
                while argument.walk_end < argument.end:
                    argument.start = argument.walk_end
                    found = fcntl.ioctl(pagemap.fileno(), _PAGEMAP_SCAN, argument, True)
                    for row in range(0, 3 * found, 3):
                        total += max(0, min(rows[row + 1], start + nbytes) - max(rows[row], start))
                answers.append(total)
            return list(answers)
    except (ImportError, OSError):
        return [None] * len(wanted)


def own_resident_nbytes() -> int | None:
    """Return the bytes of this process in RAM (RSS), ``None`` if the system does not say."""
    return process_resident_nbytes(None)


def process_resident_nbytes(pid: int | None) -> int | None:
    """Return the bytes of a process in RAM (RSS), ``None`` if the process does not exist or the system does not say.

    Parameters
    ----------
    pid : int or None
        The process; ``None`` for this one.
    """
    with suppress(Exception):  # psutil.Error, OSError, or psutil is not installed: unknown
        import psutil

        return int(psutil.Process(pid).memory_info().rss)
    return None
