"""A reason to doubt an estimate."""

import enum
from dataclasses import dataclass


class Weight(enum.IntEnum):
    """Effect of a doubt on the label.

    Attributes
    ----------
    NOTE
        None: it explains why no more was measured.
    SLIGHT
        The estimate is not exact.
    GRAVE
        The label is rough: the estimate may be far off.
    UNBOUNDED
        As GRAVE, and memory may not grow at all beyond the largest measured size.
    """

    NOTE = 0
    SLIGHT = 1
    GRAVE = 2
    UNBOUNDED = 3


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason to doubt an estimate.

    Attributes
    ----------
    text : str
        The reason.
    weight : Weight
        Its effect on the label.
    off : float
        Relative error that it lets expect; 0 if it names none.
    """

    text: str
    weight: Weight = Weight.SLIGHT
    off: float = 0.0
