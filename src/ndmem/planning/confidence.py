"""The label of a prediction."""

import enum


class Confidence(enum.Enum):
    """Label of a prediction: what is known about its error.

    Attributes
    ----------
    EXACT
        Every run had the same structure, a polynomial reproduced every buffer at spare sizes too, and nothing found
        makes the real size differ.
    MEASURED
        The function ran at the real size.
    GHOST_VERIFIED
        The function ran at the real size, with large arrays backed by a small shared window.
    STABLE
        The estimates from two sets of sizes agree within the interval.
    LOW
        The error may exceed 1 %; the reason and the interval are given.
    """

    EXACT = "exact"
    MEASURED = "measured"
    GHOST_VERIFIED = "ghost-verified"
    STABLE = "stable"
    LOW = "low"
