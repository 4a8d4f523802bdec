"""Find the mapped files of this process."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MAPS: Final = Path("/proc/self/maps")
# start-end, permissions, offset, device, inode: 0 for memory without a file
_LINE: Final = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) \S{3}(\S) ([0-9a-f]+) \S+ ([1-9]\d*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class FileMapping:
    """A mapped part of a file.

    Attributes
    ----------
    start, stop : int
        Addresses.
    shared : bool
        Whether writes go to the file; the copies that a private mapping makes do not.
    offset : int
        Position in the file of the byte at `start`.
    inode : int
        Number of the file in its file system.
    """

    start: int
    stop: int
    shared: bool
    offset: int
    inode: int


class FileMappings:
    """The mapped files of this process at one moment; none where the system does not list them."""

    def __init__(self) -> None:
        try:
            text = _MAPS.read_text(errors="replace")
        except OSError:
            text = ""
        self._mappings = [
            FileMapping(int(start, 16), int(stop, 16), shared == "s", int(offset, 16), int(inode))
            for start, stop, shared, offset, inode in _LINE.findall(text)
        ]
        self._starts = [mapping.start for mapping in self._mappings]

    def find(self, address: int) -> FileMapping | None:
        """Return the mapping that an address lies in; ``None`` if that memory is not of a file."""
        place = bisect_right(self._starts, address) - 1
        return self._mappings[place] if place >= 0 and address < self._mappings[place].stop else None

    def covers(self, address: int) -> bool:
        """Return whether an address lies in a mapped file."""
        return self.find(address) is not None
