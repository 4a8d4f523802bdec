"""In the child process: make the arguments, call the function under the meter, and return the answer."""

from __future__ import annotations

import contextlib
import errno
import gc
import inspect
import os
import random
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem import _native
from ndmem.planning.extrapolation.elision import reuses_temporaries
from ndmem.planning.extrapolation.match import birth_sizes, live_bytes
from ndmem.planning.worker.code.code_scan import Code, scan_code
from ndmem.user_code import OWN_FOLDER, find_library_roots, is_below, is_user_code

from .deadline import CutError, cut_after
from .protocol import Answer, Ask, Frame, Request
from .rss_growth import RssGrowth, watch_rss_growth

if TYPE_CHECKING:
    from ndmem.planning.arguments.arguments import Arguments
    from ndmem.planning.arguments.real.sample_data import Sample
    from ndmem.planning.meter import Meter


_DENIED = (errno.EACCES, errno.EPERM)


@dataclass(slots=True)
class _Call:
    """One call of the function: its duration, whether it was stopped at the time limit, and how far RSS rose."""

    function: Callable[..., Any]
    positional: tuple[Any, ...]
    keywords: dict[str, Any]
    time_limit: float
    processor_limit: float
    clock: Callable[[], float]
    with_rss: bool
    seconds: float = 0.0
    processor_seconds: float = 0.0
    is_cut: bool = False
    rss_growth: RssGrowth = field(default_factory=RssGrowth)

    def run(self) -> object:
        """Call the function and return its result; ``None`` if it was stopped."""
        result = None
        # Contexts, which are in no call stack: stacks are compared between runs with and without RSS.
        with watch_rss_growth() if self.with_rss else contextlib.nullcontext(self.rss_growth) as self.rss_growth:
            started, processor = self.clock(), time.process_time()
            try:
                with cut_after(self.time_limit, processor_seconds=self.processor_limit):
                    result = call(self.function, self.positional, self.keywords)
            except CutError:
                self.is_cut = True
            self.seconds = self.clock() - started
            self.processor_seconds = time.process_time() - processor
        return result


@dataclass(slots=True)
class Worker:
    """Calls a function with arguments of any size.

    Attributes
    ----------
    function, arguments, meter
        The function, its arguments, and the meter that records the calls.
    refused : list of str or None
        Operations that the sandbox has refused; ``None`` without a sandbox.
    is_warm : bool
        Whether the function has been called before.
    """

    function: Callable[..., Any]
    arguments: Arguments
    meter: Meter
    refused: list[str] | None
    is_warm: bool = False

    def answer(self, request: Request, limit: Callable[[], contextlib.AbstractContextManager[None]]) -> Answer:
        """Run a request; an exception of the function is an answer too.

        Parameters
        ----------
        request : Request
            The request.
        limit : callable
            Returns a context that limits memory while the function runs.
        """
        started = time.process_time()
        try:
            answer = self._answer(request, limit)
        except BaseException as error:  # also a SystemExit of the function, which would end the worker silently
            answer = self._explain(error)
        finally:
            if request.ask is Ask.GHOST:
                _native.haunt(False)
        return replace(answer, whole_processor_seconds=time.process_time() - started)

    def _answer(self, request: Request, limit: Callable[[], contextlib.AbstractContextManager[None]]) -> Answer:
        if not self.is_warm:
            # Later collections skip what is there, 30 ms for pandas, and do not copy the pages that a fork shares.
            self.is_warm = request.ask is Ask.SCAN
            gc.freeze()
        if request.ask is Ask.GHOST:
            _native.haunt(True)
        else:
            use_one_thread()  # before each call, because the function may have loaded a library
        np.random.seed(0)  # the function may draw from NumPy's old global generator, or from random's
        random.seed(0)
        positional, keywords, inputs = self._make(request.lengths, request.sample)
        gc.collect()
        # Processor time for RSS: its runs are chosen by it, and must not depend on the load of other processes.
        clock = time.thread_time if request.ask is Ask.RSS else time.perf_counter
        limits = (request.time_limit, request.processor_limit)
        run = _Call(self.function, positional, keywords, *limits, clock, with_rss=request.with_rss)
        parts: list[bytes] = []
        code = Code()
        reuses = request.ask is Ask.SCAN and reuses_temporaries(self.meter)
        with limit():
            if request.ask is Ask.SCAN:
                code = scan_code(run.run, self._note_refusal)
                code = code if reuses else replace(code, operators=frozenset())
            elif request.ask is Ask.RSS:
                run.run()
            else:
                parts = self.meter.record(run.run, threshold=request.threshold)
        return Answer(
            parts,
            run.seconds,
            CALL_FRAME,
            inputs,
            refused=tuple(self.refused or ()),
            code=code,
            rss_growth_nbytes=run.rss_growth.nbytes,
            is_cut=run.is_cut,
            processor_seconds=run.processor_seconds,
        )

    def _make(self, lengths: Mapping[str, int], sample: Sample) -> tuple[tuple[Any, ...], dict[str, Any], int | None]:
        if self.arguments.maker is None:
            return *self.arguments.make(lengths, sample), None
        made: list[Any] = []
        trace, _ = self.meter.read(self.meter.record(lambda: made.append(self.arguments.make(lengths, sample))))
        return *made[0], int(live_bytes(trace.events, birth_sizes(trace.events))[-1:].sum())

    def _explain(self, error: BaseException) -> Answer:
        roots = find_library_roots()
        frames = [f for f in traceback.extract_tb(error.__traceback__) if not is_below(f.filename, (OWN_FOLDER,))]
        users = [frame for frame in frames if is_user_code(frame.filename, roots)]
        last = (users or frames)[-1:]  # a function of a library may have no frame of the user's
        where = f"{last[0].filename}:{last[0].lineno}" if last else ""
        self._note_refusal(error)
        refused = tuple(self.refused or ())
        return Answer(
            [], 0.0, error=_describe(error), where=where, is_memory=isinstance(error, MemoryError), refused=refused
        )

    def _note_refusal(self, error: BaseException) -> None:
        """Note an error of the kernel's part of the sandbox, unless the audit hook has named the operation already."""
        if self.refused is not None and not self.refused and is_refusal(error):
            self.refused.append(f"performs an operation that the sandbox denies ({_describe(error)})")


def is_refusal(error: BaseException) -> bool:
    """Tell whether an error reports a denied operation; C libraries report it in exceptions of their own."""
    if isinstance(error, OSError):
        return error.errno in _DENIED
    text = error.args[0] if error.args else ""  # not str(error), which may run code of the function's
    return isinstance(text, str) and any(os.strerror(number).lower() in text.lower() for number in _DENIED)


def _describe(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def use_one_thread() -> None:
    """Limit BLAS and OpenMP to one thread.

    More threads save no time at small sizes, wait for each other on a busy machine (250 ms for an svd of 96 x 96 that
    takes 2), and the threads of OpenMP do not survive a fork.
    """
    from threadpoolctl import threadpool_limits  # only in the child: importing it changes the environment

    threadpool_limits(1)


def call(function: Callable[..., Any], positional: tuple[Any, ...], keywords: dict[str, Any]) -> object:
    """Call the function; its frames begin below this one, whose name is in `CALL_FRAME`.

    Raises
    ------
    TypeError
        If the result is a generator or a coroutine, whose code has not run.
    """
    result: object = function(*positional, **keywords)
    if inspect.isgenerator(result) or inspect.iscoroutine(result) or inspect.isasyncgen(result):
        raise TypeError(
            "it returned a generator or a coroutine, whose code has not run; predict a function that runs it"
        )
    return result


CALL_FRAME: Frame = (call.__code__.co_filename, call.__code__.co_name)
