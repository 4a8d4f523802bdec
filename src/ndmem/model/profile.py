"""The line-by-line profile of one call of a function."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProfiledLine:
    """One line of a profiled function.

    Attributes
    ----------
    lineno : int
        Line in the file, from 1.
    count : int
        Times it was executed.
    peak_nbytes : int
        Highest live bytes of the program during one execution, counted from the start of the profile.
    temporary_nbytes : int
        Most that one execution had beyond what was live both before and after it.
    net_nbytes : int
        Live bytes added, less those freed, over all executions.
    """

    lineno: int
    count: int
    peak_nbytes: int
    temporary_nbytes: int
    net_nbytes: int


@dataclass(frozen=True, slots=True)
class FunctionProfile:
    """What the lines of a function did in one call, with the calls it made of itself.

    Attributes
    ----------
    function, filename : str
        The function's name and file.
    first_line : int
        Line of its ``def``, or of its first decorator.
    source : tuple of str
        Its source lines, without line ends; empty where it is not known.
    lines : tuple of ProfiledLine
        Executed lines in order.
    peak_nbytes : int
        Highest live bytes during the call, counted from its start.
    """

    function: str
    filename: str
    first_line: int
    source: tuple[str, ...]
    lines: tuple[ProfiledLine, ...]
    peak_nbytes: int
