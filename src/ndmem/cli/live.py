"""``ndmem live``: watch a running tracked program."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ndmem.tracking.journal.locate import UntrackedError, find_journal
from ndmem.tracking.journal.watch import Watch

from .live_web import PortType, open_page, serve_page
from .usage import EXAMPLE

if TYPE_CHECKING:
    from rich.console import Console

_REFRESH_S = 0.25
_MOST_WORK = 0.1
"""Maximum share of the time for drawing: if a frame is slow to draw, the view refreshes less often."""


@click.command("live", epilog=f"{EXAMPLE}ndmem live run.ndmem")
@click.argument("target", metavar="PID|FILE", required=True)
@click.option("--once", is_flag=True, help="Print one frame and exit (default when the output is not a terminal).")
@click.option("--web", is_flag=True, help="Show it in a browser: serve a page on this machine, until Ctrl-C.")
@click.option("--port", type=PortType(), metavar="N", help="Port of the page; without it one that is free.")
def command(target: str, *, once: bool, web: bool, port: int | None) -> None:
    """Watch a program that runs under ndmem run.

    PID is the id of the process or of its ndmem run, FILE the file that it writes. Press q or Ctrl-C to quit; the
    program keeps running.
    """
    if web and once:
        raise click.UsageError("--once prints a frame, --web serves a page; leave one of them out")
    is_pid = target.isdecimal() and not Path(target).exists()
    try:
        path = find_journal(int(target)) if is_pid else Path(target)
    except UntrackedError as error:
        if once or web or port is not None or not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise
        if click.confirm(f"{str(error).partition(';')[0]}.\nAttach to it, and show it until q?", err=True):
            _attach(int(target))
        return
    if web or port is not None:
        _serve(path, web=web, port=port)
        return
    from rich.console import Console  # 50 ms: only for a valid target

    console = Console(markup=False, emoji=False, highlight=False)
    with contextlib.closing(Watch(path)) as watch:
        if once or not console.is_terminal:
            _print_frame(watch, console, height=None)
        else:
            show(watch, console)


def _attach(pid: int) -> None:
    """Record a process that is not tracked, as ``ndmem attach`` does without options."""
    from .attach import command as attach  # it imports this module

    click.get_current_context().invoke(attach, pid=pid)


def _serve(path: Path, *, web: bool, port: int | None) -> None:
    """Serve the live page of a file; one that is not a trace is refused before the page has an address."""
    with contextlib.closing(Watch(path)):
        page = open_page(web=web, port=port)
    if page is not None:
        serve_page(path, page)


def _print_frame(watch: Watch, console: Console, *, height: int | None) -> None:
    """Print one frame, which stays on the terminal."""
    from ndmem.reporting.plain import encodable
    from ndmem.reporting.text.live_view import make_frame

    width = console.width
    with console.capture() as capture:
        console.print(make_frame(watch.look(columns=width), width=width, height=height))
    lines = (line.rstrip() for line in capture.get().rstrip().split("\n"))
    sys.stdout.write(encodable("".join(f"{line}\n" for line in lines), sys.stdout.encoding))


def show(
    watch: Watch, console: Console, *, footer: str = "q: quit", goes_on: Callable[[], bool] = lambda: True
) -> None:
    """Refresh the frame until the program ends, the user presses q, or it shall not go on; the last frame stays."""
    from rich.live import Live

    from ndmem.reporting.text.live_view import make_frame

    with (
        contextlib.suppress(KeyboardInterrupt),
        _keys() as keys,
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        while True:
            start = time.monotonic()
            width, height = console.size
            frame = watch.look(columns=width)
            live.update(make_frame(frame, width=width, height=height, footer=footer), refresh=True)
            if (
                watch.is_over
                or not goes_on()
                or _pressed(keys, max(_REFRESH_S, (time.monotonic() - start) / _MOST_WORK)) in {"q", "Q"}
            ):
                break
    _print_frame(watch, console, height=console.height - 1)  # the prompt needs a row


@contextlib.contextmanager
def _keys() -> Iterator[int | None]:
    """Yield the descriptor to read single keys from; ``None`` if standard input is not a terminal."""
    try:
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
    except (AttributeError, OSError, ValueError, termios.error):
        yield None
        return
    try:
        tty.setcbreak(descriptor)
        yield descriptor
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _pressed(keys: int | None, seconds: float) -> str:
    """Wait for a key, at most this long."""
    if keys is None:
        time.sleep(seconds)
        return ""
    ready, _, _ = select.select([keys], [], [], seconds)
    return os.read(keys, 1).decode("latin-1") if ready else ""
