"""The live page of one program, from its address to the report that replaces it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .needs import need_web
from .port import HOST, open_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .reader import Reader
    from .server import Server

_GRACE_S = 10.0
"""Most time that open pages have to load the report, before ndmem run ends."""


class LivePage:
    """A page with an address of its own, on this machine alone.

    Parameters
    ----------
    port : int or None
        Number of the port; ``None`` for one that is free.

    Attributes
    ----------
    address : str
        The address, with its token.

    Raises
    ------
    MissingError
        If a library that the page needs is not installed.
    OptionError
        If the port cannot be opened.
    """

    def __init__(self, port: int | None) -> None:
        need_web()
        import secrets  # 5 ms, which a program's start need not wait for

        self._listener = open_port(port)
        self._token = secrets.token_urlsafe(16)
        self.address = f"http://{HOST}:{self._listener.getsockname()[1]}/{self._token}/"
        self._reader: Reader | None = None
        self._server: Server | None = None

    def watch(self, path: Path) -> Reader:
        """Begin to serve the page of a program, and to read the file that it writes."""
        from .app import make_app
        from .feed import Feed
        from .reader import Reader
        from .server import Server

        self._feed = Feed()
        self._reader = Reader(path, self._feed)
        self._server = Server(make_app(self._feed, self._token, self._reader.ask_range), self._listener, self._feed)
        self._server.start()
        self._reader.start()
        return self._reader

    def end(self, make_report: Callable[[], str] | None) -> bool:
        """Replace the page by the report of the ended program, and serve it from now on.

        Parameters
        ----------
        make_report : callable or None
            Returns the report as a page; ``None`` if there is none.

        Returns
        -------
        bool
            Whether a page is open.
        """
        if self._reader is None:
            return False
        self._reader.stop()
        if make_report is None:
            self._feed.end(None, "The program has ended; it has no report.")
        else:
            self._feed.end(make_report(), "The program has ended; its report replaces this page.")
        return self._feed.watchers > 0

    def leave(self) -> None:
        """End when the open pages have loaded the report, or after ten seconds."""
        self._feed.wait_until_loaded(_GRACE_S)

    @property
    def is_watched(self) -> bool:
        """Whether a page is open."""
        return self._reader is not None and self._feed.watchers > 0

    def close(self) -> None:
        """Serve nothing any more."""
        if self._server is None:
            self._listener.close()
        else:
            self._server.stop()
