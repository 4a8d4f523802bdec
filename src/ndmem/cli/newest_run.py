"""The run that a command shows if no FILE is given: the newest one in the working folder."""

from __future__ import annotations

from pathlib import Path

import click

from ndmem.tracking.partial import named_by

from .message import say

_PATTERNS = ("*.ndmem", "*.ndmem.partial")


def choose_run(file: Path | None) -> Path:
    """Return the given file, or the newest run in the working folder, and say on standard error which one it is.

    Parameters
    ----------
    file : Path or None
        The file that the user named, if any.

    Raises
    ------
    click.UsageError
        If no file is given and the folder has none.
    """
    if file is not None:
        return file
    # A program that still runs writes to FILE.partial; FILE itself is older.
    times: dict[str, int] = {}
    for pattern in _PATTERNS:
        for path in Path().glob(pattern):
            if path.is_file():
                name = named_by(str(path))
                times[name] = max(times.get(name, 0), path.stat().st_mtime_ns)
    if not times:
        raise click.UsageError(
            "no FILE given, and this folder has no .ndmem file; name one, or write one with: ndmem run program.py"
        )
    newest = max(times, key=lambda name: (times[name], name))
    others = len(times) - 1
    say(f"no FILE given: showing {newest}, {f'the newest of {others + 1} runs' if others else 'the only run'} here")
    return Path(newest)
