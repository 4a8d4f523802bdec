"""Find the mapped files of this process."""

import re
from bisect import bisect_right
from pathlib import Path
from typing import Final

_MAPS: Final = Path("/proc/self/maps")
# start-end, permissions, offset, device, inode: 0 for memory without a file
_LINE: Final = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ ([1-9]\d*)", re.MULTILINE)


class FileMappings:
    """The mapped files of this process at one moment; none where the system does not list them."""

    def __init__(self) -> None:
        try:
            text = _MAPS.read_text(errors="replace")
        except OSError:
            text = ""
        self._ranges = [(int(start, 16), int(end, 16)) for start, end, _ in _LINE.findall(text)]
        self._starts = [start for start, _ in self._ranges]

    def covers(self, address: int) -> bool:
        """Return whether an address lies in a mapped file."""
        place = bisect_right(self._starts, address) - 1
        return place >= 0 and address < self._ranges[place][1]
