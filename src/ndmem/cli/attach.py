"""``ndmem attach``: record a program that already runs, and leave it as it was."""

from __future__ import annotations

import contextlib
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ndmem.watching.attachment import Attachment, attach

from .message import say, say_written
from .options import FORCE_OPTION, THRESHOLD_OPTION
from .usage import EXAMPLE

if TYPE_CHECKING:
    from types import FrameType

_POLL_S = 0.1
_UNITS = {"": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0}


class DurationType(click.ParamType):  # type: ignore[type-arg]  # generic only for type checkers, since click 8.2
    """A time: ``30s``, ``5min``, ``1h``; a number alone is seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds, or fail with what is valid."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?|\.\d+)\s*(s|min|h|)", str(value))
        if found is None or not float(found[1]):
            self.fail(f"{value!r} is not a time; write for example 30s, 5min or 1h", param, ctx)
        return float(found[1]) * _UNITS[found[2]]


@click.command("attach", epilog=f"{EXAMPLE}ndmem attach --for 30s 12345")
@click.argument("pid", type=click.IntRange(min=1), metavar="PID")
@click.option("--for", "seconds", type=DurationType(), metavar="TIME", help="End after this time [until Ctrl-C or q].")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for the trace [ndmem-attach.PID.ndmem].",
)
@FORCE_OPTION
@THRESHOLD_OPTION
@click.option(
    "--path",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder from which the program imports ndmem, if it does not have it.",
)
@click.option(
    "--timeout",
    type=DurationType(),
    default=10.0,
    metavar="TIME",
    help="Time to wait for the program's main thread [10s].",
)
def command(
    pid: int,
    seconds: float | None,
    output: Path | None,
    force: bool,
    threshold: int,
    path: Path | None,
    timeout: float,
) -> None:
    """Record a Python program that already runs, and report where its array memory goes.

    PID is its process id. The program goes on when the recording ends, by Ctrl-C, q or --for, and is as it was before.
    """
    with _ended_by_signals():
        attachment = attach(
            pid, output=output, overwrite=force, threshold=threshold, import_from=path, patience_s=timeout
        )
    end_at = None if seconds is None else time.monotonic() + seconds
    try:
        with _ended_by_signals(), contextlib.suppress(KeyboardInterrupt):
            _watch(attachment, end_at)
    finally:
        _end(attachment)


def _watch(attachment: Attachment, end_at: float | None) -> None:
    """Show the program until it ends, the time is over, or the user ends it."""
    from rich.console import Console

    from .live import show

    def goes_on() -> bool:
        attachment.samples.take()
        return end_at is None or time.monotonic() < end_at

    console = Console(markup=False, emoji=False, highlight=False)
    if console.is_terminal:
        with contextlib.closing(attachment.watch()) as watch:
            show(watch, console, footer="q: end the recording; the program goes on", goes_on=goes_on)
        return
    until = "Ctrl-C" if end_at is None else "the time is over, or Ctrl-C"
    say(f"recording process {attachment.target.pid} until {until}; the program goes on then")
    while goes_on() and attachment.target.is_alive:
        time.sleep(_POLL_S)


def _end(attachment: Attachment) -> None:
    """End the recording, save it, and report."""
    from ndmem.api import Run

    with _ended_by_signals(), contextlib.suppress(KeyboardInterrupt):  # once more: the guard goes on alone
        if not attachment.end():
            say(
                f"process {attachment.target.pid} has not reached a safe point yet; its recording ends when it does, "
                f"and this is the state of now"
            )
    trace = attachment.save()
    if attachment.unsaved:
        say(attachment.unsaved)
    found = attachment.output.find()
    Run(trace, path=attachment.output.path).report(sys.stdout)
    sys.stdout.flush()
    if found is not None:
        say_written(found)


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let the signals that end a command end the recording, which is then saved and reported."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
