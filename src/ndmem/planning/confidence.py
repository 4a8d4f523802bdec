"""The label of a prediction: what was done, not what is hoped."""

import enum


class Confidence(enum.Enum):
    """Label of a prediction.

    Attributes
    ----------
    MEASURED
        The function ran at the real size.
    VERIFIED
        A ghost run of the real size, or a run of at least a quarter of its memory, had the predicted peak to the byte.
    EXACTLY
        Extrapolated: every run had the same structure, a polynomial reproduced the size of every buffer at spare sizes
        too, and nothing was found that makes the real size differ. A path that begins beyond the measured sizes for a
        reason that no run met is not excluded.
    EXTRAPOLATED
        Extrapolated within the interval, which is at most 1 % on either side.
    ROUGH
        The error may be greater; the reason and the interval are given.
    """

    MEASURED = "measured"
    VERIFIED = "verified"
    EXACTLY = "extrapolated exactly"
    EXTRAPOLATED = "extrapolated"
    ROUGH = "rough"

    # The names of 0.1.0.
    GHOST_VERIFIED = "verified"
    EXACT = "extrapolated exactly"
    STABLE = "extrapolated"
    LOW = "rough"
