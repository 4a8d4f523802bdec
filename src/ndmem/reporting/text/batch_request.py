"""What to ask a batch system for, to run what was predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.ranks.request import RESERVE, add_reserve
from ndmem.planning.confidence import Confidence
from ndmem.platform.own_resident import own_resident_nbytes
from ndmem.reporting.batch_size import write_batch_size
from ndmem.reporting.label import describe_label
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from typing import IO

    from ndmem.reporting.predicted import Predicted


def measure_base() -> int:
    """Return the resident memory of this process, before the call: of Python, of ndmem and of the user's modules."""
    return own_resident_nbytes() or 0


def write_batch_request(found: Predicted, stream: IO[str], *, base_nbytes: int) -> None:
    """Write an ``#SBATCH --mem`` line for the call, below a comment that says what it is made of.

    Parameters
    ----------
    found : Prediction
        The prediction; the upper end of its interval counts.
    stream : text stream
        The output.
    base_nbytes : int
        What the process had before the call, see `measure_base`.
    """
    call = max(found.total + found.interval[1] - found.peak, 0)
    unknown = "; its native memory is unknown and not in it" if found.native is None else ""
    rough = "; check it with a run" if found.confidence is Confidence.ROUGH else ""
    basis, base = f"{describe_label(found)}{unknown}{rough}", format_nbytes(base_nbytes)
    stream.write(
        f"# {format_nbytes(call)} for the call ({basis}), {base} for Python and the modules it imports, and a "
        f"reserve of {100 // RESERVE}%: malloc keeps freed memory, and page tables and file pages count too\n"
    )
    stream.write(f"#SBATCH --mem={write_batch_size(add_reserve(call + base_nbytes))}\n")
