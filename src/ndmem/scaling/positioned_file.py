"""Read and write arrays at positions of a file, without a mapping and without a shared position."""

import errno
import os
import weakref
from typing import Any, Final

import numpy as np
import numpy.typing as npt

# The kernel moves up to 2 GiB in one call. Shorter ones let the main thread see Ctrl-C in between.
_PART_NBYTES: Final = 2**26

_WRITTEN_NBYTES: Final = 2**18
"""Bytes of one write: for larger ones Linux 6.18 takes larger pieces of memory for its cache, which a virtual machine
does not have at hand. 600 MB took 0.12 to 0.14 s, and in parts of 64 MiB 0.17 to 0.35 s."""


class PositionedFile:
    """An open file, from and to which several threads may move bytes at once.

    The bytes of a mapped file count as resident memory of the process until the kernel needs their pages; bytes that
    are read into an array do not.
    """

    def __init__(self, path: str, *, write: bool = False) -> None:
        self.path = path
        self._write = write
        descriptor = os.open(path, (os.O_RDWR if write else os.O_RDONLY) | os.O_CLOEXEC)
        self._descriptor = descriptor
        self._finalizer = weakref.finalize(self, os.close, descriptor)

    def __reduce__(self) -> tuple[Any, ...]:
        """Open the file anew in the process that reads the pickle."""
        return _reopen, (self.path, self._write)

    @property
    def descriptor(self) -> int:
        """The descriptor, while the file is open."""
        if not self._finalizer.alive:
            # Its number may be another file's by now.
            raise OSError(errno.EBADF, "is closed", self.path)
        return self._descriptor

    @property
    def nbytes(self) -> int:
        """Length of the file now."""
        return os.fstat(self.descriptor).st_size

    def read_into(self, array: npt.NDArray[Any], position: int) -> int:
        """Fill a C-contiguous array from a position on; return the bytes that the file had for it."""
        target = _bytes_of(array)
        done = 0
        while done < len(target):
            count = os.preadv(self.descriptor, [target[done : done + _PART_NBYTES]], position + done)
            if count == 0:
                break
            done += count
        return done

    def write_from(self, array: npt.NDArray[Any], position: int) -> None:
        """Write a C-contiguous array to a position."""
        source = _bytes_of(array)
        done = 0
        while done < len(source):
            done += os.pwrite(self.descriptor, source[done : done + _WRITTEN_NBYTES], position + done)

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._finalizer()


def _bytes_of(array: npt.NDArray[Any]) -> memoryview:
    # The buffer protocol does not know dates, so the view is made first.
    return array.reshape(-1).view(np.uint8).data if array.nbytes else memoryview(b"")


def _reopen(path: str, write: bool) -> PositionedFile:
    return PositionedFile(path, write=write)
