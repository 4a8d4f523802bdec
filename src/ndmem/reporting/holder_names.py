"""Names of what holds an array: the user's as they are, a library's with the function that they are local to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.analysis.tables.library_scope import find_library_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndmem.analysis.index import TraceIndex
    from ndmem.model.holder import Holder


@dataclass(frozen=True, slots=True)
class HolderNames:
    """How a report spells the holders of a run.

    Attributes
    ----------
    index : TraceIndex
        The run.
    name_file : callable
        Returns the name to show for a file.
    """

    index: TraceIndex
    name_file: Callable[[str], str]

    def spell(self, holder: Holder) -> str:
        """Return a holder's name, as in ``input in gaussian (skimage/filters/…)``."""
        return f"{holder.name}{self.spell_scope(holder)}"

    def spell_scope(self, holder: Holder, *, quote: str = "") -> str:
        """Return the part after the name, with a leading space; empty for a variable of the user's."""
        scope = find_library_scope(self.index, holder)
        if scope is None:
            return ""
        file = f" ({_shorten(self.name_file(scope.filename))})" if scope.filename else ""
        return f" in {quote}{scope.function}{quote}{file}"


def _shorten(name: str) -> str:
    """Return the library and its first folder: they say what the function is for, and the whole path fills a cell."""
    library, *below = name.split("/")
    return name if len(below) < 2 else f"{library}/{below[0]}/\N{HORIZONTAL ELLIPSIS}"
