"""One place in a program's source."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Site:
    """One source place: a function at a line, with columns where Python knows them.

    Attributes
    ----------
    filename : str
        As the code object has it: a path, or ``<string>``; ``In[6]`` for a cell of a notebook.
    lineno, end_lineno : int
        First and last line of the expression that was running, from 1; 0 where the code has no line.
    col, end_col : int or None
        Byte columns in the first and last line, from 0 (PEP 657; ``None`` under ``-X no_debug_ranges``).
    function : str
        Name of the code object, as tracebacks write it: ``normalise``, ``<module>``, ``<lambda>``.
    """

    filename: str
    lineno: int
    end_lineno: int
    col: int | None
    end_col: int | None
    function: str


Stack = tuple[Site, ...]
"""Call stack, leaf first."""
