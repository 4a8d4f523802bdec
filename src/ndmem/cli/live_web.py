"""``ndmem live --web`` and ``ndmem run --web``: the live page of a program."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from ndmem.errors import NdmemError

from .message import say

if TYPE_CHECKING:
    from pathlib import Path

    from ndmem.api import Run
    from ndmem.watching.web.live_page import LivePage

_CHECK_S = 0.5


class PortType(click.IntRange):
    """Number of a port."""

    name = "port"

    def __init__(self) -> None:
        super().__init__(min=1, max=65535)

    def fail(self, message: str, param: click.Parameter | None = None, ctx: click.Context | None = None) -> None:  # type: ignore[override]  # click's never returns, as this one
        """Fail with the numbers that are ports."""
        raise click.UsageError(f"--port: {message.rstrip('.')}; write a number from 1 to 65535, or leave --port out")


def open_page(*, web: bool, port: int | None) -> LivePage | None:
    """Open the live page, if it is wanted, and say its address.

    Raises
    ------
    click.UsageError
        If there is a port without a page.
    MissingError, OptionError
        If the page cannot be served.
    """
    if not web:
        if port is not None:
            raise click.UsageError("--port is of the live page; add --web")
        return None
    from ndmem.watching.web.live_page import LivePage

    page = LivePage(port)
    say(f"live page: {page.address}")
    return page


def serve_page(path: Path, page: LivePage) -> None:
    """Serve the live page of a file until Ctrl-C; from the program's end on it is the report.

    Raises
    ------
    TraceError
        If the file is neither a journal nor a trace, or is damaged.
    OSError
        If it cannot be read.
    """
    from ndmem import api

    try:
        reader = page.watch(path)
        with contextlib.suppress(KeyboardInterrupt):
            while not reader.wait(_CHECK_S):
                pass
            if reader.error is not None:
                raise reader.error
            page.end(lambda: _write_report(api.load(path)))
            say("the program has ended: the page is its report; Ctrl-C quits")
            while True:
                reader.pause(_CHECK_S)
    finally:
        page.close()


def start_page(page: LivePage, path: Path) -> None:
    """Begin to serve the page of a program that ndmem waits for; where that fails, say so: the program goes on."""
    try:
        page.watch(path)
    except Exception as error:  # of any library of the server; this process has to wait for the program
        say(f"the live page cannot be served: {error}; ndmem live {path} shows the program in a terminal")


def end_page(page: LivePage, run: Run | None) -> None:
    """Give open pages the report of the ended program, and wait until they have loaded it, or for Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt):  # the exit status is the program's
        _end_page(page, run)


def _end_page(page: LivePage, run: Run | None) -> None:
    try:
        if not page.is_watched:
            return
        try:
            page.end(None if run is None else lambda: _write_report(run))
        except (NdmemError, OSError, MemoryError) as error:
            page.end(None)
            say(f"the live page has no report: {str(error) or 'not enough memory'}")
        page.leave()
    finally:
        page.close()


def _write_report(run: Run) -> str:
    return run.to_html() or ""
