"""What the page of a prediction says that its predicted trace does not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Outlook:
    """A prediction in words.

    Attributes
    ----------
    sentences : tuple of str
        The answer first: how much, where, how sure, and whether it fits; then its parts, and what is not known.
    formulas : mapping of (str, int) to str
        By file name and line number: the line's peak by the dimensions.
    """

    sentences: tuple[str, ...]
    formulas: Mapping[tuple[str, int], str] = field(default_factory=dict)
