"""The library that is preloaded into a program, so that memory allocated with malloc and mmap is tracked."""

import os
from pathlib import Path

from ndmem.platform.system import IS_LINUX

VARIABLE = "LD_PRELOAD"


def find_preload() -> tuple[Path | None, str]:
    """Return the library, or ``None`` and the reason why it cannot be preloaded here."""
    if not IS_LINUX:
        return None, "it can be watched on Linux only"
    library = Path(__file__).parents[2] / "lib" / "libndmem_preload.so"
    if not library.is_file():
        return None, "ndmem was installed without its preloaded library"
    if set(str(library)) & set(" :\n"):
        # The loader treats these as separators, and has no way to quote them.
        return None, f"the loader cannot preload from a path with a space or a colon, {str(library)!r}"
    return library, ""


def add_to_preloaded(library: Path) -> str:
    """Return the variable's value with the library in front of what is preloaded already."""
    return ":".join(filter(None, [str(library), os.environ.get(VARIABLE)]))
