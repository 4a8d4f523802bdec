"""What a child is asked, and what it answers."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field

from .constants import Code
from .samples import Sample


class Ask(enum.Enum):
    """What the child is asked for.

    Attributes
    ----------
    MEASURE
        Every buffer of the call, as a journal.
    EXAMINE
        The Python code that ran.
    OCCUPY
        How far resident memory rose.
    HAUNT
        As the first, with large arrays as ghosts.
    """

    MEASURE = "measure"
    EXAMINE = "examine"
    OCCUPY = "occupy"
    HAUNT = "haunt"


@dataclass(frozen=True, slots=True)
class Request:
    """One run that is wanted.

    Attributes
    ----------
    lengths, sample, ask
        Its size, its data, and what is to be known of it.
    patience : float
        Seconds after which it is ended; what it did until then is the answer.
    """

    lengths: dict[str, int]
    sample: Sample = Sample.FIRST
    ask: Ask = Ask.MEASURE
    patience: float = math.inf


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of it.

    Attributes
    ----------
    parts : list of bytes
        The journal.
    seconds : float
        What the call took, with every event recorded; where nothing is recorded, of its own processor time.
    inputs_nbytes : int or None
        Bytes of arrays that making the arguments left alive, where `make` makes them.
    error : str
        What the function raised; nothing if it returned.
    where : str
        File and line of the user's code that raised it.
    is_memory : bool
        It was a lack of memory.
    refused : tuple of str
        What the sandbox refused.
    code : Code
        What there is in the code that ran.
    rise_nbytes : int or None
        How far resident memory rose.
    is_cut : bool
        It took longer than it may, and was ended.
    """

    parts: list[bytes]
    seconds: float
    inputs_nbytes: int | None = None
    error: str = ""
    where: str = ""
    is_memory: bool = False
    refused: tuple[str, ...] = ()
    code: Code = field(default_factory=Code)
    rise_nbytes: int | None = None
    is_cut: bool = False
