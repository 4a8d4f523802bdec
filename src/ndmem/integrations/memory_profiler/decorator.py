"""``@profile``: write the table of a function's lines after each call."""

import functools
import inspect
from collections.abc import Callable
from typing import IO, Any

from .backends import check_backend
from .line_profiler import LineProfiler
from .table import show_results


def profile(
    func: Callable[..., Any] | None = None, stream: IO[str] | None = None, precision: int = 1, backend: str = "psutil"
) -> Any:
    """Write the table of a function's lines after each call, as memory_profiler does.

    Parameters
    ----------
    func : callable, optional
        When used without parentheses. Functions, coroutine functions and generator functions keep their kind.
    stream : text stream, optional
        Where to write. Default: standard output.
    precision : int
        Digits after the point, of MiB.
    backend : str
        See `read_memory`.

    Raises
    ------
    ProcessError
        If the backend is unknown.
    TrackingError
        If it is not a Python function.
    """
    chosen = check_backend(backend)
    if func is None:
        return functools.partial(profile, stream=stream, precision=precision, backend=chosen)

    def show(prof: LineProfiler) -> None:
        show_results(prof, stream=stream, precision=precision)

    if inspect.iscoroutinefunction(func):

        @functools.wraps(func)
        async def call_later(*args: Any, **kwargs: Any) -> Any:
            prof = LineProfiler(backend=chosen)
            value = await prof(func)(*args, **kwargs)
            show(prof)
            return value

        return call_later
    if inspect.isgeneratorfunction(func):

        @functools.wraps(func)
        def generate(*args: Any, **kwargs: Any) -> Any:
            prof = LineProfiler(backend=chosen)
            value = yield from prof(func)(*args, **kwargs)
            show(prof)
            return value

        return generate

    @functools.wraps(func)
    def call(*args: Any, **kwargs: Any) -> Any:
        prof = LineProfiler(backend=chosen)
        value = prof(func)(*args, **kwargs)
        show(prof)
        return value

    return call
