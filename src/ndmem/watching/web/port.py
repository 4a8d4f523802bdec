"""The port that the live page is served on."""

from __future__ import annotations

import errno
import socket

from ndmem.errors import OptionError

HOST = "127.0.0.1"
_WAITING = 64
"""Most connections that wait to be accepted."""


def open_port(port: int | None) -> socket.socket:
    """Return a socket that listens on this machine's loopback interface.

    Connections wait until a server accepts them. A program that is started afterwards does not inherit the socket.

    Parameters
    ----------
    port : int or None
        Number of the port; ``None`` for one that is free.

    Raises
    ------
    OptionError
        If the port is in use, or the user may not open it.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port or 0))
        listener.listen(_WAITING)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise OptionError(f"port {port} is in use; choose another one with --port, or leave --port out") from None
        raise OptionError(
            f"cannot open port {port}: {(error.strerror or str(error)).lower()}; choose another one with --port"
        ) from None
    return listener
