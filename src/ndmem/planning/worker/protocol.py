"""Requests to a child process, and its answers."""

import enum
import math
from dataclasses import dataclass, field

from ndmem.planning.arguments.real.sample_data import Sample
from ndmem.planning.worker.code.code_scan import Code

Frame = tuple[str, str]
"""File and function of a frame."""


class Ask(enum.Enum):
    """Type of a request.

    Attributes
    ----------
    MEASURE
        Record every buffer of the call.
    SCAN
        Find the numbers and operators in the Python code that runs.
    RSS
        Measure how far resident memory rises, and record nothing.
    GHOST
        As MEASURE, with large arrays backed by a small shared window.
    """

    MEASURE = "measure"
    SCAN = "scan"
    RSS = "rss"
    GHOST = "ghost"


@dataclass(frozen=True, slots=True)
class Request:
    """One run of the function.

    Attributes
    ----------
    lengths, sample, ask
        Size and data of the arguments, and type of the request.
    time_limit, processor_limit : float
        Seconds, and seconds of processor time, after which the worker stops the call; the answer has what was recorded
        until then.
    threshold : int
        Buffers with fewer bytes are not recorded.
    with_rss : bool
        Whether to measure how far resident memory rises.
    """

    lengths: dict[str, int]
    sample: Sample = Sample.FIRST
    ask: Ask = Ask.MEASURE
    time_limit: float = math.inf
    processor_limit: float = math.inf
    threshold: int = 1
    with_rss: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Result of a request.

    Attributes
    ----------
    parts : list of bytes
        The journal.
    seconds : float
        Duration of the call with every event recorded; for `Ask.RSS` its processor time without recording.
    call_frame : Frame
        The worker's frame that called the function.
    inputs_nbytes : int or None
        Bytes of arrays alive after making the arguments, if `make` makes them.
    error : str
        The exception that the function raised; empty if it returned.
    where : str
        File and line of the user's code that raised it.
    is_memory : bool
        Whether it was a `MemoryError`.
    refused : tuple of str
        Operations that the sandbox refused.
    code : Code
        Contents of the Python code that ran.
    rss_growth_nbytes : int or None
        How far resident memory rose; ``None`` if it was not measured or the system does not report it.
    is_cut : bool
        Whether the worker stopped the call at its time limit.
    processor_seconds : float
        Processor time of the call in all threads, which other processes hardly change.
    whole_processor_seconds : float
        That of the whole request, with making the arguments and recording.
    uncontained : str
        Why nothing was run: the child could not be contained.
    """

    parts: list[bytes]
    seconds: float
    call_frame: Frame = ("", "")
    inputs_nbytes: int | None = None
    error: str = ""
    where: str = ""
    is_memory: bool = False
    refused: tuple[str, ...] = ()
    code: Code = field(default_factory=Code)
    rss_growth_nbytes: int | None = None
    is_cut: bool = False
    processor_seconds: float = 0.0
    whole_processor_seconds: float = 0.0
    uncontained: str = ""
