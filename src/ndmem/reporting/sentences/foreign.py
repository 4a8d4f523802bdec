"""Arrays over memory that NumPy did not allocate in a sentence: how many of which sizes, where, and what holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.answer.answer import find_largest
from ndmem.analysis.answer.total import find_total, live_foreign
from ndmem.reporting.holder_names import HolderNames
from ndmem.units import format_nbytes

from .arrays import write_holders, write_sizes
from .brevity import LONGEST, matters, shorten
from .places import place_text, write_reached

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndmem.analysis.answer.answer import Largest
    from ndmem.analysis.index import TraceIndex

_OTHER_MEMORY = "over memory that NumPy did not allocate"


def write_foreign(index: TraceIndex, name_file: Callable[[str], str], process: str) -> str:
    """Write the sentence about the total peak of one process, of which such arrays are the largest part.

    Parameters
    ----------
    index : TraceIndex
        The process, with native memory tracked.
    name_file : callable
        Returns the name to show for a file.
    process : str
        Words for a process that is not the program itself, with a leading space.
    """
    answer = find_total(index)
    assert answer is not None  # the caller has checked it
    largest, names = find_largest(index, live_foreign(index)), HolderNames(index, name_file)
    own = None
    if largest is None:  # their events were dropped
        body = f"{format_nbytes(answer.foreign_nbytes)} is in arrays {_OTHER_MEMORY}"
    elif largest.is_most:
        own = largest.site
        body = f"{_write_sum(answer.nbytes, largest)} {_OTHER_MEMORY}, allocated{write_origin(largest, names)}"
    else:
        body = f"{format_nbytes(answer.foreign_nbytes)} is in arrays {_OTHER_MEMORY}"
        body += f"; no line allocated more than {format_nbytes(largest.nbytes)} of it"
    reached = write_reached(answer.site, answer.function, answer.phase, own, name_file)
    return f"Peak {format_nbytes(answer.nbytes)}{process}: {body}{reached}"


def write_origin(largest: Largest, names: HolderNames) -> str:
    """Write the place of a line that allocated or mapped memory, with a leading space, and what holds its arrays."""
    code = f" `{shorten(largest.expression, LONGEST)}`" if largest.expression else ""
    place = place_text(largest.site, largest.function, names.name_file)
    colon = ":" if code and largest.function != "<module>" else ""
    return f"{place}{colon}{code}{write_holders(largest, names)}"


def _write_sum(total: int, largest: Largest) -> str:
    """Write the arrays of the line, with their sum if it is not the total."""
    if not matters(total - largest.nbytes, total):
        return write_sizes(largest, of=total)
    sizes = write_sizes(largest, of=largest.nbytes)
    return f"{format_nbytes(largest.nbytes)} {'is' if sizes == 'one array' else 'are'} {sizes}"
