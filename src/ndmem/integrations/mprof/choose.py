"""Choose files of the working folder, by number or by name."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from ndmem.errors import TraceError

_NAME = re.compile(r"mprofile_(\d{14})\.dat")
_TIME = "%Y%m%d%H%M%S"


def name_file(when: datetime) -> str:
    """Return the name of the file of a run that starts then."""
    return f"mprofile_{when.strftime(_TIME)}.dat"


def list_files() -> list[Path]:
    """List the files in the working folder, oldest first."""
    # memory_profiler accepts any 14 characters as a time, so that its `clean` also deletes a file that a user named so.
    return sorted(path for path in Path().glob("mprofile_*.dat") if _NAME.fullmatch(path.name))


def describe_time(path: Path) -> str:
    """Return when the run of a file began, as memory_profiler writes it."""
    match = _NAME.fullmatch(path.name)
    digits = match[1] if match else "?" * 14
    day, clock = digits[:8], digits[8:]
    return f"{clock[:2]}:{clock[2:4]}:{clock[4:]} {day[6:]}/{day[4:6]}/{day[:4]}"


def choose_files(words: Sequence[str]) -> list[Path]:
    """Return the files with these numbers, as in `list_files` from its end if negative, or with these names.

    Raises
    ------
    TraceError
        If no file has the number or the name.
    """
    there = list_files()
    chosen: list[Path] = []
    for word in words:
        if re.fullmatch(r"-?\d+", word):
            number = int(word)
            if not -len(there) <= number < len(there):
                raise TraceError(f"no file has the number {word}: ndmem mprof list shows {len(there)} here")
            path = there[number]
        elif not (path := Path(word)).is_file():
            raise TraceError(f"{word}: {'is a folder' if path.is_dir() else 'no such file'}; see ndmem mprof list")
        if path not in chosen:
            chosen.append(path)
    return chosen


def choose_last() -> Path:
    """Return the newest file of the working folder.

    Raises
    ------
    TraceError
        If there is none.
    """
    there = list_files()
    if not there:
        raise TraceError("no mprofile_*.dat here; ndmem mprof run PROGRAM writes one, or name a file")
    return there[-1]
