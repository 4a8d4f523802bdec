"""Send messages through a pipe: bytes, with their length in front."""

import os
import select
import struct
import time
from collections.abc import Callable

_LENGTH = struct.Struct("=Q")
_LONGEST = 2**34
_TICK_S = 0.2


def write_message(descriptor: int, data: bytes, deadline: float | None = None) -> None:
    """Write bytes with their length in front.

    Raises
    ------
    TimeoutError
        If the reader has not read them at the deadline.
    """
    view = memoryview(_LENGTH.pack(len(data)) + data)
    if deadline is not None:
        os.set_blocking(descriptor, False)  # a pipe that is ready for some bytes may not take all
    while view:
        if deadline is not None and not _wait(descriptor, deadline, writing=True):
            continue
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            continue


def read_message(descriptor: int, deadline: float | None, tick: Callable[[], None] | None = None) -> bytes:
    """Read a message that `write_message` wrote.

    Raises
    ------
    EOFError, TimeoutError
        If the writer has closed the pipe, or the deadline has passed.
    """
    (length,) = _LENGTH.unpack(_read_exactly(descriptor, _LENGTH.size, deadline, tick))
    if length > _LONGEST:
        raise EOFError
    return _read_exactly(descriptor, length, deadline, tick)


def _read_exactly(descriptor: int, length: int, deadline: float | None, tick: Callable[[], None] | None) -> bytes:
    parts: list[bytes] = []
    while length:
        while deadline is not None and not _wait(descriptor, deadline, writing=False):
            if tick is not None:
                tick()
        part = os.read(descriptor, min(length, 2**20))
        if not part:
            raise EOFError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _wait(descriptor: int, deadline: float, *, writing: bool) -> bool:
    """Wait up to 0.2 s for a pipe; return whether it is ready.

    Raises
    ------
    TimeoutError
        If the deadline has passed.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    # Not select, which refuses descriptors from 1024 on.
    waiter = select.poll()
    waiter.register(descriptor, select.POLLOUT if writing else select.POLLIN)
    return bool(waiter.poll(min(left, _TICK_S) * 1000))
