"""The states of a program on their way from the thread that reads them to the watchers."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

from .messages import StateMessage, write_message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .messages import State

_SILENCE_S = 15.0
"""After so long without a state the stream sends a comment, by which a connection that is gone is noticed."""


class Feed:
    """The newest state, and the page in the end.

    One thread publishes, watchers wait in the server's event loop. Only the newest state is kept: a slow watcher skips
    states, and blocks nothing.

    Attributes
    ----------
    page : str or None
        The report of the program, when it has ended.
    """

    def __init__(self) -> None:
        self.page: str | None = None
        self._newest: StateMessage | None = None
        self._timeline: State | None = None
        self._ending: bytes | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self._counts = threading.Condition()
        self._watchers, self._waiting_for_page = 0, 0

    @property
    def watchers(self) -> int:
        """Number of pages that are open."""
        return self._watchers

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Set the event loop in which watchers wait."""
        self._loop = loop

    def publish(self, state: State) -> None:
        """Make a state the newest one; may be called in any thread."""
        number = 1 if self._newest is None else self._newest.number + 1
        self._newest, self._timeline = StateMessage(number, state, self._timeline), state["timeline"]
        self._wake()

    def end(self, page: str | None, says: str) -> None:
        """Tell all watchers that the program has ended; with a page, that they have to load it."""
        self.page = page
        with self._counts:
            self._waiting_for_page = self._watchers if page is not None else 0
        self._ending = write_message("ended", {"report": page is not None, "says": says})
        self._wake()

    def wait_until_loaded(self, seconds: float) -> bool:
        """Wait until the pages that were open at the end have loaded the report; false if they did not in time."""
        with self._counts:
            return self._counts.wait_for(lambda: self._waiting_for_page <= 0, seconds)

    def note_loaded(self) -> None:
        """Count a page that has loaded the report."""
        with self._counts:
            self._waiting_for_page -= 1
            self._counts.notify_all()

    async def watch(self) -> AsyncIterator[bytes]:
        """Yield the messages for one watcher."""
        with self._counts:
            self._watchers += 1
        seen, told = 0, False
        try:
            yield b"retry: 2000\n\n"
            while True:
                changed = self._changed
                newest, ending = self._newest, self._ending
                if newest is not None and newest.number != seen:
                    message = newest.news if newest.number == seen + 1 and seen else newest.whole
                    seen = newest.number
                    yield message
                elif ending is not None:
                    told = True
                    yield ending
                    return
                else:
                    try:
                        await asyncio.wait_for(changed.wait(), _SILENCE_S)
                    except TimeoutError:
                        yield b": waiting\n\n"
        finally:
            self._leave(told=told)

    def _leave(self, *, told: bool) -> None:
        """Count a watcher out; one that has not got the end will not load the report."""
        with self._counts:
            self._watchers -= 1
            if self._ending is not None and not told:
                self._waiting_for_page -= 1
            self._counts.notify_all()

    def _wake(self) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the server has ended
                self._loop.call_soon_threadsafe(self._wake_all)

    def _wake_all(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
