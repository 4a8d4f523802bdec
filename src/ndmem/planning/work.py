"""Inside the child: make arguments of a size, call the function under the meter, answer."""

from __future__ import annotations

import contextlib
import enum
import gc
import inspect
import random
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ndmem import _native

from .constants import Instruction, watch_code
from .samples import Sample

if TYPE_CHECKING:
    from ndmem.model.raw_run import RawRun
    from ndmem.model.trace import Trace

    from .arguments import Arguments


_LARGE = 4096


class Meter(Protocol):
    """What measures a call; tracking has one, and planning may not import it."""

    def record(self, action: Callable[[], object], *, threshold: int = 1) -> list[bytes]:
        """Call something and return its journal."""

    def read(self, parts: list[bytes]) -> RawRun:
        """Return the events of a journal."""

    def assemble(self, parts: list[bytes]) -> Trace:
        """Return the Trace of a journal."""


class Ask(enum.Enum):
    """What the child is asked for."""

    MEASURE = "measure"
    EXAMINE = "examine"
    HAUNT = "haunt"


@dataclass(frozen=True, slots=True)
class Request:
    """One run that is wanted."""

    lengths: dict[str, int]
    sample: Sample = Sample.FIRST
    ask: Ask = Ask.MEASURE


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of it.

    Attributes
    ----------
    parts : list of bytes
        The journal.
    seconds : float
        What the call took, with every event recorded.
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
    constants : tuple of (float, str)
        Numbers that the code which ran has in it, with their place.
    operators : frozenset of Instruction
        Its instructions that are operators.
    """

    parts: list[bytes]
    seconds: float
    inputs_nbytes: int | None = None
    error: str = ""
    where: str = ""
    is_memory: bool = False
    refused: tuple[str, ...] = ()
    constants: tuple[tuple[float, str], ...] = ()
    operators: frozenset[Instruction] = frozenset()


@dataclass(slots=True)
class Worker:
    """Calls a function at any size."""

    function: Callable[..., Any]
    arguments: Arguments
    meter: Meter
    refused: list[str]

    def answer(self, request: Request, limit: Callable[[], contextlib.AbstractContextManager[None]]) -> Answer:
        """Do what is asked; whatever the function raises is an answer too."""
        seconds, inputs = 0.0, None
        parts: list[bytes] = []
        constants: tuple[tuple[float, str], ...] = ()
        operators: frozenset[Instruction] = frozenset()
        try:
            if request.ask is Ask.HAUNT:
                _native.haunt()
            np.random.seed(0)  # the function may draw from the old generator, or from random's
            random.seed(0)
            positional, keywords, inputs = self._make(request.lengths, request.sample)
            gc.collect()

            def action() -> object:
                nonlocal seconds
                started = time.perf_counter()
                result = call(self.function, positional, keywords)
                seconds = time.perf_counter() - started
                return result

            with limit():
                if request.ask is Ask.EXAMINE:
                    constants, operators = watch_code(action)
                else:
                    # At the real size a loop may make more small buffers than can be kept.
                    parts = self.meter.record(action, threshold=_LARGE if request.ask is Ask.HAUNT else 1)
        except BaseException as error:  # SystemExit of a function is no reason to end without a word
            return self._explain(error)
        return Answer(parts, seconds, inputs, refused=tuple(self.refused), constants=constants, operators=operators)

    def _make(self, lengths: Mapping[str, int], sample: Sample) -> tuple[tuple[Any, ...], dict[str, Any], int | None]:
        if self.arguments.maker is None:
            return *self.arguments.make(lengths, sample), None
        made: list[Any] = []
        parts = self.meter.record(lambda: made.append(self.arguments.make(lengths, sample)))
        run = self.meter.read(parts)
        return *made[0], int(run.nbytes.sum() - run.nbytes[run.buffer[run.kind == 1]].sum())

    def _explain(self, error: BaseException) -> Answer:
        last = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in last if not frame.filename.startswith(__file__.rpartition("planning")[0])]
        where = f"{own[-1].filename}:{own[-1].lineno}" if own else ""
        text = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return Answer([], 0.0, None, text, where, isinstance(error, MemoryError), tuple(self.refused))


def call(function: Callable[..., Any], positional: tuple[Any, ...], keywords: dict[str, Any]) -> object:
    """Call the function; its frames begin below this one.

    Raises
    ------
    TypeError
        If nothing ran: the result is a generator or a coroutine.
    """
    result: object = function(*positional, **keywords)
    if inspect.isgenerator(result) or inspect.iscoroutine(result) or inspect.isasyncgen(result):
        raise TypeError("it returned a generator or a coroutine, and has not run yet; predict a function that runs it")
    return result
