"""The trial of a finding: the program was run with and without the fix, in copies."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Output(enum.Enum):
    """What is known of the outputs of the two programs."""

    SAME = "same"
    DIFFERENT = "different"
    VARIES = "varies"
    """The unchanged program writes something else each time, so that there is nothing to compare with."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first line in which two outputs differ.

    Attributes
    ----------
    lineno : int
        Its number, from 1.
    before, after : str or None
        The line of each, without its end and not longer than a screen is wide; ``None`` where an output has ended.
    """

    lineno: int
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Trial:
    """What was measured with and without a fix.

    Attributes
    ----------
    peak_before_nbytes, peak_after_nbytes : int
        Peak of the arrays without and with the fix.
    kept_before_nbytes, kept_after_nbytes : int
        Bytes of the arrays that are alive at the end.
    status_before, status_after : int
        Exit status; minus the signal's number if a signal ended the program.
    output : Output
        Whether standard output is the same.
    difference : Difference or None
        Where it is not.
    stderr_difference : Difference or None
        Where standard error is not the same.
    """

    peak_before_nbytes: int
    peak_after_nbytes: int
    kept_before_nbytes: int
    kept_after_nbytes: int
    status_before: int
    status_after: int
    output: Output
    difference: Difference | None = None
    stderr_difference: Difference | None = None

    @property
    def saved_nbytes(self) -> int:
        """Bytes of the peak that the fix saved; negative if it costs some."""
        return self.peak_before_nbytes - self.peak_after_nbytes

    @property
    def kept_saved_nbytes(self) -> int:
        """Bytes that are not alive at the end any more."""
        return self.kept_before_nbytes - self.kept_after_nbytes

    @property
    def is_equivalent(self) -> bool:
        """Whether the program did the same, as far as output and exit status tell."""
        return self.output is Output.SAME and self.status_before == self.status_after
