"""Messages through a pipe: bytes with their length in front."""

from __future__ import annotations

import os
import select
import struct
import time
from collections.abc import Callable

_LENGTH = struct.Struct("=Q")
_LONGEST = 2**34
_TICK_S = 0.2


def write_message(descriptor: int, data: bytes) -> None:
    """Write bytes with their length in front."""
    view = memoryview(_LENGTH.pack(len(data)) + data)
    while view:
        view = view[os.write(descriptor, view) :]


def read_message(descriptor: int, deadline: float | None, tick: Callable[[], None] | None = None) -> bytes:
    """Read what `write_message` wrote.

    Raises
    ------
    EOFError, TimeoutError
        If the other end is closed, or the deadline is over.
    """
    (length,) = _LENGTH.unpack(_read_exactly(descriptor, _LENGTH.size, deadline, tick))
    if length > _LONGEST:
        raise EOFError
    return _read_exactly(descriptor, length, deadline, tick)


def _read_exactly(descriptor: int, length: int, deadline: float | None, tick: Callable[[], None] | None) -> bytes:
    parts: list[bytes] = []
    while length:
        while deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if select.select([descriptor], [], [], min(left, _TICK_S))[0]:
                break
            if tick is not None:
                tick()
        part = os.read(descriptor, min(length, 2**20))
        if not part:
            raise EOFError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
