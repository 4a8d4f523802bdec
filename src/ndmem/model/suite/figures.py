"""The array memory of tests: peaks, and the lines and arrays that were live at them."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LEAST_NBYTES = 65536
"""Lines and arrays are read at peaks of at least so many bytes: else it would take longer than most tests."""

MOST_PARTS = 8
"""Lines, and kinds of arrays, that are kept for each test: the largest."""


class Outcome(enum.Enum):
    """How a test ended; `EXCEEDED` is a test that passed but for a limit of its array memory."""

    PASSED = "passed"
    EXCEEDED = "exceeded"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def is_whole(self) -> bool:
        """Whether the test ran to its end, so that its peak can be compared."""
        return self in {Outcome.PASSED, Outcome.EXCEEDED}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakLine:
    """Line whose arrays were live at the peak of a test.

    Attributes
    ----------
    filename : str
        Relative to the folder of the tests if it is below it.
    lineno : int
        From 1; 0 if the code has no line.
    function : str
        Its function.
    source : str or None
        Text of the line; ``None`` if it is unknown.
    nbytes : int
        Bytes that it allocated, itself or through libraries, and that were live. Each byte counts for one line only.
    """

    filename: str
    lineno: int
    function: str
    source: str | None
    nbytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakArray:
    """Arrays of one kind that were live at the peak of a test: of one expression, name, shape and dtype.

    Attributes
    ----------
    filename, lineno, function
        As of `PeakLine`.
    expression : str or None
        The expression that allocated them; ``None`` if it is unknown.
    name : str or None
        Variable that held them; ``None`` if none was seen.
    shape : tuple of int or None
        Of each; ``None`` if it was not seen.
    dtype : str or None
        As ``str(dtype)`` writes it; ``None`` if it was not seen.
    nbytes, count : int
        Bytes of all of them together, and their number.
    """

    filename: str
    lineno: int
    function: str
    expression: str | None
    name: str | None
    shape: tuple[int, ...] | None
    dtype: str | None
    nbytes: int
    count: int


@dataclass(frozen=True, slots=True)
class TestFigures:
    """The array memory of one test.

    Attributes
    ----------
    peak, kept : int
        Highest live bytes of arrays made in the test, and those alive after it.
    outcome : Outcome
        How it ended.
    lines : tuple of PeakLine
        The largest lines at the peak, most bytes first; none at a peak below `LEAST_NBYTES`.
    arrays : tuple of PeakArray
        The largest arrays at the peak, most bytes first; only those of 4 KiB and more are known.
    """

    __test__ = False  # not a class of tests, for pytest

    peak: int
    kept: int
    outcome: Outcome = Outcome.PASSED
    lines: tuple[PeakLine, ...] = ()
    arrays: tuple[PeakArray, ...] = ()


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests of one run of pytest.

    Attributes
    ----------
    tests : mapping of str to TestFigures
        By the name that pytest prints.
    python, numpy : str or None
        Versions; ``None`` if they are unknown, or NumPy was not used.
    """

    tests: Mapping[str, TestFigures] = field(default_factory=dict)
    python: str | None = None
    numpy: str | None = None
