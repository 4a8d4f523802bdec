"""Anonymous memory of this process: its pages in RAM that no file backs, now and at their highest."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_STATUS: Final = Path("/proc/self/status")
_CLEAR_REFS: Final = "/proc/self/clear_refs"
_RESET_PEAK: Final = b"5"  # proc(5): since Linux 4.0 this sets VmHWM to the VmRSS of now


@dataclass(frozen=True, slots=True)
class HighWater:
    """The high-water mark of anonymous memory since `begin`.

    Linux has such a mark for all resident pages, and none for the anonymous ones. Pages of files that are resident at
    the end are taken out, so a block that lets go of file pages before its end seems to need more than it does.

    Attributes
    ----------
    before_nbytes : int
        Anonymous bytes at the begin.
    """

    before_nbytes: int

    @classmethod
    def begin(cls) -> HighWater | None:
        """Set the mark to what is resident now; the process's ``VmHWM`` of before is lost.

        Returns
        -------
        HighWater or None
            ``None`` where the system has no mark that can be set: outside Linux, and where ``/proc/self/clear_refs``
            may not be written.
        """
        before = anonymous_nbytes()
        return cls(before) if before is not None and reset_peak() else None

    def read(self) -> int:
        """Return the most anonymous bytes since the begin; at least those of now."""
        fields = _read_fields()
        files = fields.get("RssFile", 0) + fields.get("RssShmem", 0)
        return max(fields.get("VmHWM", 0) - files, fields.get("RssAnon", 0))


def anonymous_nbytes() -> int | None:
    """Return the anonymous bytes of this process in RAM; ``None`` where the system does not report them."""
    return _read_fields().get("RssAnon")


def read_status(field: str) -> int | None:
    """Return a byte count of /proc/self/status; ``None`` if the system has none, as outside Linux."""
    return _read_fields().get(field)


def _read_fields() -> dict[str, int]:
    try:
        text = _STATUS.read_text("ascii", "replace")
    except OSError:
        return {}
    return {name: int(kib) * 1024 for name, kib in re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)}


def open_resetter() -> int | None:
    """Open the file that resets the peak of this process's resident memory; ``None`` if the system has none."""
    try:
        return os.open(_CLEAR_REFS, os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return None


def reset_peak(resetter: int | None = None) -> bool:
    """Set ``VmHWM`` to what is resident now, and tell whether the system did.

    Parameters
    ----------
    resetter : int, optional
        A descriptor that `open_resetter` returned in this process; by default the file is opened and closed.
    """
    file = open_resetter() if resetter is None else resetter
    try:
        return file is not None and os.write(file, _RESET_PEAK) > 0
    except OSError:
        return False
    finally:
        if resetter is None and file is not None:
            os.close(file)
