"""Wrap a function of any kind so that a profiler sees when it runs and when it waits."""

from __future__ import annotations

import functools
import inspect
import types
from typing import TYPE_CHECKING, Any, Protocol

from ndmem.errors import TrackingError

from .profiler import LineProfiler

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from types import CodeType

    from ndmem.model.profile import FunctionProfile


def decorate(function: Callable[..., Any], on_profile: Callable[[FunctionProfile], None]) -> Callable[..., Any]:
    """Return a function of the same kind whose calls are profiled.

    Functions, generators, coroutines and asynchronous generators stay what they are; ``classmethod`` and
    ``staticmethod`` objects are unwrapped and wrapped again.

    Raises
    ------
    TrackingError
        If it is not a Python function: a builtin has no lines.
    """
    return wrap(function, lambda code: LineProfiler(code, on_profile))


class CallWatcher(Protocol):
    """Observes the calls of a function."""

    def begin_call(self) -> Any:
        """A call begins; return an object that represents it from then on."""

    def resume(self, call: Any, /) -> None:
        """The call runs from here: at its start, or after it waited."""

    def suspend(self, call: Any, /) -> None:
        """The call stops running: at its end, or because it waits."""

    def end_call(self, call: Any, /) -> None:
        """The call has ended."""


def wrap(function: Callable[..., Any], watch: Callable[[CodeType], CallWatcher]) -> Callable[..., Any]:
    """Return a function of the same kind whose calls are reported to the `CallWatcher` that ``watch`` returns.

    Raises
    ------
    TrackingError
        As `decorate` does.
    """
    if isinstance(function, classmethod | staticmethod):
        return type(function)(wrap(function.__func__, watch))
    if not inspect.isfunction(inspect.unwrap(function)):
        raise TrackingError(
            f"{function!r} is not a Python function, so it has no lines; decorate a function that calls it"
        )
    profiler = watch(inspect.unwrap(function).__code__)
    if inspect.isasyncgenfunction(function):
        make = _wrap_async_generator
    elif inspect.iscoroutinefunction(function):
        make = _wrap_coroutine
    elif inspect.isgeneratorfunction(function):
        make = _wrap_generator
    else:
        make = _wrap_function
    return functools.wraps(function)(make(function, profiler))


def _wrap_function(function: Callable[..., Any], profiler: CallWatcher) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        activation = profiler.begin_call()
        try:
            profiler.resume(activation)
            try:
                return function(*args, **kwargs)
            finally:
                profiler.suspend(activation)
        finally:
            profiler.end_call(activation)

    return call


def _wrap_generator(function: Callable[..., Any], profiler: CallWatcher) -> Callable[..., Any]:
    def generate(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        activation = profiler.begin_call()
        try:
            return (yield from _drive(function(*args, **kwargs), profiler, activation))
        finally:
            profiler.end_call(activation)

    return generate


def _wrap_coroutine(function: Callable[..., Any], profiler: CallWatcher) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        activation = profiler.begin_call()
        try:
            return await _await(function(*args, **kwargs), profiler, activation)
        finally:
            profiler.end_call(activation)

    return call


def _wrap_async_generator(function: Callable[..., Any], profiler: CallWatcher) -> Callable[..., Any]:
    async def generate(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        activation = profiler.begin_call()
        inner = function(*args, **kwargs)
        step = inner.asend(None)
        try:
            while True:
                try:
                    value = await _await(step, profiler, activation)
                except StopAsyncIteration:
                    return
                try:
                    sent = yield value
                except GeneratorExit:
                    await _await(inner.aclose(), profiler, activation)
                    raise
                except BaseException as error:  # the caller's athrow() goes to the inner generator
                    step = inner.athrow(error)
                else:
                    step = inner.asend(sent)
        finally:
            profiler.end_call(activation)

    return generate


@types.coroutine
def _await(awaitable: Any, profiler: CallWatcher, activation: Any) -> Any:
    """Await as `_drive` does."""
    return (yield from _drive(awaitable.__await__(), profiler, activation))


def _drive(inner: Any, profiler: CallWatcher, activation: Any) -> Generator[Any, Any, Any]:
    """Delegate as ``yield from`` does (PEP 380), and report to the profiler when the inner code runs."""

    def step(method: Callable[..., Any], *args: Any) -> Any:
        profiler.resume(activation)
        try:
            return method(*args)
        finally:
            profiler.suspend(activation)

    try:
        value = step(inner.send, None)
        while True:
            try:
                sent = yield value
            except GeneratorExit:  # the protocol has an exception in every turn
                step(inner.close)
                raise
            except BaseException as error:  # the caller's throw() goes to the inner generator
                value = step(inner.throw, error)
            else:
                value = step(inner.send, sent)
    except StopIteration as stop:
        return stop.value
