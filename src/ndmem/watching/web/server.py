"""The server of the live page, in a thread of ndmem's own process."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    import socket

    from .feed import Feed
    from .gate import Gate

_CONNECTIONS = 100
"""Most connections at a time; more are answered with 503."""
_STOP_S, _LONGEST_STOP_S = 1, 10.0
"""Seconds that open connections get to end, and that the server may take in all, on a machine that does much else."""


class Server:
    """Serves an application on a socket until it is stopped.

    Parameters
    ----------
    app : Gate
        The application.
    listener : socket
        Accepts the connections; the server closes it.
    feed : Feed
        Gets the server's event loop.
    """

    def __init__(self, app: Gate, listener: socket.socket, feed: Feed) -> None:
        for name in ("uvicorn", "asyncio"):  # nothing but messages of ndmem may appear beside the program's output
            logging.getLogger(name).addHandler(logging.NullHandler())
            logging.getLogger(name).propagate = False
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_STOP_S,
        )
        self._server, self._listener, self._feed = uvicorn.Server(config), listener, feed
        self._thread = threading.Thread(target=self._run, name="ndmem live page", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving, and wait until that is done: about a second if pages are open."""
        self._server.should_exit = True
        self._thread.join(_LONGEST_STOP_S)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._feed.bind(asyncio.get_running_loop())
        await self._server.serve(sockets=[self._listener])
