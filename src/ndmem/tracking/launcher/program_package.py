"""Find the package that a command line names: that of ``-m MODULE``, or the one whose entry point a script calls."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# As installers write the script of an entry point: `from mine.cli import main`, and `sys.exit(main())` later.
_ENTRY_POINT = re.compile(r"#!.*?^from ([\w.]+) import (\w+)$.*?\bsys\.exit\(\2\b", re.DOTALL | re.MULTILINE)
_LONGEST_SCRIPT = 4096


def find_program_packages(words: Sequence[str]) -> tuple[str, ...]:
    """Return the package of a program, whose code is the user's also where it is installed.

    Parameters
    ----------
    words : sequence of str
        What would follow ``python``: a script, ``-m module`` or ``-c code``, and the program's own arguments.

    Returns
    -------
    tuple of str
        The name of the package, or of the module that is in none; empty for other programs, and for a module of the
        standard library.
    """
    module = words[1] if words[:1] == ["-m"] and len(words) > 1 else _find_entry_module(words[0]) if words else ""
    package = module.partition(".")[0]
    return (package,) if package and package not in sys.stdlib_module_names else ()


def _find_entry_module(script: str) -> str:
    """Return the module whose function the script of an entry point calls; empty for another script."""
    try:
        place = Path(script)
        if not place.is_file() or place.stat().st_size > _LONGEST_SCRIPT:
            return ""
        match = _ENTRY_POINT.match(place.read_text("utf-8"))
    except (OSError, ValueError):  # the interpreter reports what is wrong with it
        return ""
    return match[1] if match else ""
