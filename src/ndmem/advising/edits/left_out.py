"""A finding whose fix was not applied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ndmem.model.advice.finding import Finding


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A finding that a patch does not have, or that could not be tried.

    Attributes
    ----------
    finding : Finding
        The finding.
    reason : str
        Why, and what to do; part of a sentence.
    """

    finding: Finding
    reason: str
