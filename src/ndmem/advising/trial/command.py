"""How a recorded program is started again: its script, its arguments, and the folder that it was started in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.errors import TrackingError

if TYPE_CHECKING:
    from ndmem.model.trace import Trace


@dataclass(frozen=True, slots=True)
class Command:
    """A command line that starts a script.

    Attributes
    ----------
    script : Path
        The script, absolute.
    folder : Path
        The working folder.
    words : tuple of str
        The script and its arguments, as they were typed.
    """

    script: Path
    folder: Path
    words: tuple[str, ...]


def read_command(trace: Trace) -> Command:
    """Return how a program was started.

    Raises
    ------
    TrackingError
        If it cannot be started again: it was not a script, or its script is gone.
    """
    words = trace.run.program
    if not words:
        raise TrackingError(
            "nothing can be tried: this run is a part of a program or of a notebook, which ndmem cannot start again; "
            "put the code into a script and record it with: ndmem run script.py"
        )
    if words[0].startswith("-"):
        raise TrackingError(
            f"nothing can be tried: the program was started with {words[0][:2]}, and only scripts can be copied and "
            "changed; record it as a script, for example: ndmem run script.py"
        )
    script = _find_script(trace, words[0])
    if script is None or not script.exists():
        raise TrackingError(
            f"nothing can be tried: the script {words[0]!r} is gone; record the program again with ndmem run"
        )
    return Command(script, _find_folder(script, words[0]), words)


def _find_script(trace: Trace, typed: str) -> Path | None:
    """Return the script's path: that of the outermost frames, if it ends as it was typed."""
    if Path(typed).is_absolute():
        return Path(typed)
    roots = {trace.sites[site].filename for site in trace.tree.site[trace.tree.parent < 0].tolist()}
    end = os.path.normpath(typed)
    found = sorted(name for name in roots if Path(name).is_absolute() and name.endswith(os.sep + end))
    if found:
        return Path(found[0])
    return Path(typed).absolute()


def _find_folder(script: Path, typed: str) -> Path:
    """Return the working folder: the run does not have it, but a relative path that was typed tells it."""
    end = os.path.normpath(typed)
    if not Path(typed).is_absolute() and str(script).endswith(os.sep + end):
        return Path(str(script)[: -len(end)])
    here = Path.cwd()
    return here if script.is_relative_to(here) or not Path(typed).is_absolute() else script.parent
