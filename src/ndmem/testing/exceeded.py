"""The message of a test that needs or keeps more arrays than it may."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from ndmem.reporting.memory.excess_message import write_excess

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .recording import CodeRecording


@dataclass(frozen=True, slots=True)
class ArrayLimit:
    """Bytes of arrays that a piece of code may have.

    Attributes
    ----------
    nbytes : int
        The bytes.
    written : str
        As the user wrote it: ``limit_arrays('1 MiB')``.
    """

    nbytes: int
    written: str


def describe_exceeded(
    recording: CodeRecording,
    *,
    peak: ArrayLimit | None,
    kept: ArrayLimit | None,
    callers: Sequence[tuple[str, str]],
) -> str | None:
    """Return the message for code that exceeded a limit, with the tables; ``None`` if it did not.

    Parameters
    ----------
    recording : CodeRecording
        The finished recording of the code.
    peak, kept : ArrayLimit or None
        The limit of the highest live bytes, and that of what is alive afterwards.
    callers : sequence of (str, str)
        The frames that run the code, outermost first, which are left out of the tables.
    """
    heads: list[str] = []
    told: list[str] = []
    for limit, nbytes, noun, what, moment in (
        (peak, recording.peak, "arrays", "highest live bytes of its arrays", "peak"),
        (kept, recording.live, "arrays kept", "bytes of its arrays that are alive after it", "end"),
    ):
        if limit is not None and nbytes > limit.nbytes:
            heads.append(write_excess(nbytes, limit.nbytes, noun))
            told += [f"{limit.written}: {what}", *_report(recording, moment, callers)]
    return "\n".join(["; ".join(heads), *told]) if told else None


def _report(recording: CodeRecording, moment: str, callers: Sequence[tuple[str, str]]) -> Sequence[str]:
    from ndmem.results.inner_run import without_callers  # only a failure needs it

    stream = StringIO()
    without_callers(recording.make_run(), callers).report(stream, at=moment)
    # The lines on files and resident memory are about whole programs.
    lines = [line for line in stream.getvalue().splitlines() if not line.startswith(("More: ", "Outside arrays, "))]
    return ["", *"\n".join(lines).rstrip().splitlines(), ""]
