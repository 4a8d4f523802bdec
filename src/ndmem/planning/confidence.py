"""How sure a prediction is."""

from __future__ import annotations

import enum


class Confidence(enum.Enum):
    """How sure a prediction is.

    Attributes
    ----------
    EXACT
        Every run had the same structure, a polynomial reproduced every buffer also at sizes it was not made from, and
        nothing speaks against its holding on to the real size.
    MEASURED
        The real size was cheap, and was run.
    GHOST_VERIFIED
        The function ran at the real size, with its arrays laid over a small piece of memory.
    STABLE
        Two sets of sizes agree, within the interval.
    LOW
        It may be wrong by more than 1 %; the reason and the interval are given.
    """

    EXACT = "exact"
    MEASURED = "measured"
    GHOST_VERIFIED = "ghost-verified"
    STABLE = "stable"
    LOW = "low"
