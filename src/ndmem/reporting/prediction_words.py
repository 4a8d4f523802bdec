"""The parts of a prediction's page that its predicted trace does not have: sentences and formulas."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Outlook:
    """A prediction in words.

    Attributes
    ----------
    sentences : tuple of str
        First the answer: how much, where, the label, and whether it fits. Then its parts, and what is unknown.
    formulas : mapping of (str, int) to str
        Formula of a line's peak, by file name and line number.
    """

    sentences: tuple[str, ...]
    formulas: Mapping[tuple[str, int], str] = field(default_factory=dict)
