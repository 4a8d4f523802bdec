"""The words in which the truth of a program is written down."""

from dataclasses import KW_ONLY, dataclass


@dataclass(frozen=True, slots=True)
class LineTruth:
    """What one line of a program does to array memory; ``None`` is not asserted.

    Attributes
    ----------
    source : str
        The line's text without its indentation; unique in its program.
    at_peak, temporary, kept, total : int or None
        Bytes, as ``ndmem report --format json`` defines them.
    count : int or None
        Buffers born.
    peak : int or None
        Highest live bytes of the whole program while the line ran.
    """

    source: str
    _: KW_ONLY
    at_peak: int | None = None
    temporary: int | None = None
    kept: int | None = None
    total: int | None = None
    count: int | None = None
    peak: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramTruth:
    """What one program does to array memory.

    Attributes
    ----------
    name : str
        File in ``programs/``, without its suffix.
    peak_nbytes, live_nbytes_at_end : int
        Highest live bytes; bytes alive when the last line has run.
    peak_source : str
        Text of the line that was running when the peak was reached.
    leading : tuple of str
        Texts of the lines whose buffers are the largest part of the peak, equal parts together.
    lines : tuple of LineTruth
        The lines worth a statement.
    expressions : tuple of (str, int)
        Expressions that made a buffer alive at the peak, and its bytes.
    """

    name: str
    peak_nbytes: int
    live_nbytes_at_end: int
    peak_source: str
    leading: tuple[str, ...]
    lines: tuple[LineTruth, ...]
    expressions: tuple[tuple[str, int], ...] = ()
