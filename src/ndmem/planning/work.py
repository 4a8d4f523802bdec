"""Inside the child: make arguments of a size, call the function under the meter, answer."""

from __future__ import annotations

import contextlib
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

from .constants import Code, watch_code
from .cut import CutError, cut_after
from .request import Answer, Ask, Request
from .rise import measure_rise

if TYPE_CHECKING:
    from ndmem.model.raw_run import RawRun
    from ndmem.model.trace import Trace

    from .arguments import Arguments
    from .samples import Sample


_LARGE = 4096


class Meter(Protocol):
    """What measures a call; tracking has one, and planning may not import it."""

    def record(self, action: Callable[[], object], *, threshold: int = 1) -> list[bytes]:
        """Call something and return its journal."""

    def read(self, parts: list[bytes]) -> RawRun:
        """Return the events of a journal."""

    def assemble(self, parts: list[bytes]) -> Trace:
        """Return the Trace of a journal."""


@dataclass(slots=True)
class Worker:
    """Calls a function at any size."""

    function: Callable[..., Any]
    arguments: Arguments
    meter: Meter
    refused: list[str]

    def answer(self, request: Request, limit: Callable[[], contextlib.AbstractContextManager[None]]) -> Answer:
        """Do what is asked; whatever the function raises is an answer too."""
        seconds, inputs, is_cut = 0.0, None, False
        parts: list[bytes] = []
        code = Code()
        rise: int | None = None
        try:
            if request.ask is Ask.HAUNT:
                _native.haunt()
            else:
                use_one_thread()  # each time, for the function may have loaded a library
            np.random.seed(0)  # the function may draw from the old generator, or from random's
            random.seed(0)
            positional, keywords, inputs = self._make(request.lengths, request.sample)
            gc.collect()

            def action() -> object:
                nonlocal seconds, is_cut
                # What others have the machine do meanwhile is no reason to measure less.
                clock = time.thread_time if request.ask is Ask.OCCUPY else time.perf_counter
                started = clock()
                result = None
                try:
                    with cut_after(request.patience):
                        result = call(self.function, positional, keywords)
                except CutError:
                    is_cut = True
                seconds = clock() - started
                return result

            with limit():
                if request.ask is Ask.EXAMINE:
                    code = watch_code(action)
                elif request.ask is Ask.OCCUPY:
                    rise = measure_rise(action)
                else:
                    # At the real size a loop may make more small buffers than can be kept.
                    parts = self.meter.record(action, threshold=_LARGE if request.ask is Ask.HAUNT else 1)
        except BaseException as error:  # SystemExit of a function is no reason to end without a word
            return self._explain(error)
        return Answer(
            parts,
            seconds,
            inputs,
            refused=tuple(self.refused),
            code=code,
            rise_nbytes=rise,
            is_cut=is_cut,
        )

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


def use_one_thread() -> None:
    """Let BLAS and OpenMP have one thread.

    More have nothing to gain at small sizes, wait for each other on a busy machine (250 ms for an svd of 96 x 96 that
    takes 2), and those of OpenMP are not there after a fork.
    """
    from threadpoolctl import threadpool_limits  # noqa: PLC0415  # in the child alone: it changes the environment

    threadpool_limits(1)


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
