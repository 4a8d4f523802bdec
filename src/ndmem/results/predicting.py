"""`predict` and `planned`: a prediction made of its parts."""

from __future__ import annotations

import functools
import inspect
import os
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import BudgetExceeded, PredictionError, SpecError
from .planning.bind import bind_arguments
from .planning.forecast import Forecast, forecast
from .planning.ghost import verify_as_ghost
from .planning.ladder import Budget
from .planning.pattern import read_pattern
from .planning.samples import Fill
from .prediction import Prediction
from .reporting.prediction import prediction_sentence
from .tracking.meter import Meter
from .tracking.recorder import unseen
from .units import parse_nbytes

if TYPE_CHECKING:
    from .planning.arguments import Arguments

_F = TypeVar("_F", bound=Callable[..., Any])


def predict(
    function: Callable[..., Any],
    /,
    *args: Any,
    dims: Mapping[str, int] | None = None,
    make: Callable[..., Any] | None = None,
    fill: Fill | str | Mapping[str, str] = Fill.UNIFORM,
    like: Mapping[str, Any] | None = None,
    timeout: float = 20.0,
    memory: int | str = "512 MiB",
    sandbox: bool = True,
    native: bool = True,
    progress: Callable[[str], None] | None = None,
    **kwargs: Any,
) -> Prediction:
    """Predict the memory of a call without making it.

    The function is called in a child process with small arguments of the same kind, and what each line allocates is
    carried over to the real size.

    Parameters
    ----------
    function : callable
        What would be called.
    *args, **kwargs
        Its arguments: arrays, data frames and sparse matrices as they are; texts such as ``"f4[n, d]"`` and specs
        for arrays that do not exist yet; ``dims.n`` for a dimension that is passed as a number; anything else as it
        is. Arguments that have the name of an option below are passed with `functools.partial`.
    dims : Dims or mapping of str to int, optional
        The lengths of named dimensions, see `ndmem.dims`.
    make : callable, optional
        Makes all arguments: called with the lengths of `dims` as keywords, it returns a tuple, a dict of keywords,
        both, or the only argument.
    fill : {"uniform", "integers", "spd"} or dict of them by parameter
        What samples of described arrays hold.
    like : dict of arrays by parameter, optional
        Arrays to draw the samples' values from.
    timeout : float
        Seconds for all measurements together.
    memory : int or str
        Bytes that a measurement may take.
    sandbox : bool
        Refuse files written outside a temporary folder, network and processes while measuring.
    native : bool
        Measure native memory too, as what the process has in RAM beyond its arrays; on Linux.
    progress : callable, optional
        Told in a few words what is measured.

    Returns
    -------
    Prediction
        Prints as a sentence and a table of lines.

    Raises
    ------
    PredictionError
        If the function fails at small sizes, does what a dry run may not, or never returns.
    SpecError
        If a text names a dimension that has no length.

    Examples
    --------
    >>> import ndmem
    >>> def scale(x):
    ...     return (x - x.mean(axis=0)) / x.std(axis=0)
    >>> found = ndmem.predict(scale, "f4[n, d]", dims=ndmem.dims(n=2_000_000, d=64))
    >>> found.confidence.value, found.inputs
    ('exact', 512000000)
    """
    if not callable(function):
        raise PredictionError(f"{str(function)[:80]!r} is no function; pass what would be called, and its arguments")
    if not hasattr(os, "fork"):
        raise PredictionError("prediction needs a system with fork: Linux or macOS")
    with unseen():
        arguments = bind_arguments(function, args, kwargs, dims=dims, make=make, fill=_read_fill(fill), like=like)
        return predict_bound(
            function,
            arguments,
            budget=Budget(_check_timeout(timeout), parse_nbytes(memory)),
            sandbox=sandbox,
            native=native,
            progress=progress or _keep_quiet,
        )


def predict_bound(
    function: Callable[..., Any],
    arguments: Arguments,
    *,
    budget: Budget,
    sandbox: bool,
    native: bool,
    progress: Callable[[str], None],
) -> Prediction:
    """Predict a call whose arguments have their dimensions."""
    found = forecast(function, arguments, Meter(), budget=budget, sandbox=sandbox, native=native, progress=progress)

    def verify(found: Forecast, timeout: float) -> Forecast:
        with unseen():
            return verify_as_ghost(
                function, arguments, Meter(), found, timeout=timeout, memory=max(budget.memory, 2**31), sandbox=sandbox
            )

    return Prediction(found, arguments, verify=verify)


def planned(
    *,
    budget: int | str | None = None,
    warn: bool = False,
    timeout: float = 20.0,
    **specs: str,
) -> Callable[[_F], _F]:
    """Check before each call of a function whether it fits.

    Parameters
    ----------
    budget : int or str, optional
        Bytes it may use; what the process may still use if it is left out.
    warn : bool
        Warn instead of raising.
    timeout : float
        Seconds that a prediction may take. One is made for each new set of shapes, and kept.
    **specs : str
        The arrays among the parameters, ``x="f4[n, d]"``: axes with the same name have the same length.

    Raises
    ------
    BudgetExceeded
        By the decorated function, before it runs, with the line of the peak.
    SpecError
        By the decorated function, if an array is not what its text says.
    """

    def decorate(function: _F) -> _F:
        signature = inspect.signature(function)
        known: dict[Any, Prediction] = {}
        unknown = set(specs) - set(signature.parameters)
        if unknown:
            raise SpecError(
                f"{function.__name__} has no parameter {min(unknown)!r}; it has {', '.join(signature.parameters)}"
            )

        @functools.wraps(function)
        def checked(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(*args, **kwargs)
            _check_arrays(bound.arguments, specs)
            key = _shape_key(bound.arguments)
            if key not in known:
                known[key] = predict(function, *args, timeout=timeout, native=False, **kwargs)
            _check(function, known[key], budget, warn=warn)
            return function(*args, **kwargs)

        return checked  # type: ignore[return-value]

    return decorate


def _check(function: Callable[..., Any], found: Prediction, budget: int | str | None, *, warn: bool) -> None:
    fit = found.fits(budget)
    if fit or fit.free is None:
        return
    text = f"{function.__name__} {prediction_sentence(found, budget=budget)}"
    if not warn:
        raise BudgetExceeded(text)
    warnings.warn(text, ResourceWarning, stacklevel=3)


def _check_arrays(arguments: Mapping[str, Any], specs: Mapping[str, str]) -> None:
    """Raise if an array has other axes or another dtype than was said."""
    lengths: dict[str, int] = {}
    for name, text in specs.items():
        shape = getattr(arguments.get(name), "shape", None)
        if shape is None:
            continue
        axes = [axis.strip() for axis in text.rpartition("[")[2].rstrip("] ").split(",") if axis.strip()]
        described = f"{name} is {arguments[name].dtype}{list(shape)}, not {text}"
        if len(axes) != len(shape):
            raise SpecError(described)
        for axis, length in zip(axes, shape, strict=True):
            if axis.isidentifier():
                lengths.setdefault(axis, length)
        wanted = read_pattern(text, lengths)
        if wanted.at(lengths).shape != tuple(shape) or wanted.dtype != arguments[name].dtype:
            raise SpecError(f"{described}; dimensions: {lengths}")


def _shape_key(arguments: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what tells apart calls that need other amounts of memory."""
    parts = []
    for name, value in arguments.items():
        shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
        parts.append((name, type(value), shape, str(dtype)) if shape is not None else (name, repr(value)[:200]))
    return tuple(parts)


def _read_fill(fill: Fill | str | Mapping[str, str]) -> Fill | dict[str, Fill]:
    try:
        return {name: Fill(each) for name, each in fill.items()} if isinstance(fill, Mapping) else Fill(fill)
    except ValueError:
        raise SpecError(f"fill={fill!r} is not known; write 'uniform', 'integers' or 'spd'") from None


def _check_timeout(timeout: float) -> float:
    if not timeout > 0:
        raise PredictionError(f"timeout={timeout} leaves no time to measure; write seconds, for example 20")
    return float(timeout)


def _keep_quiet(text: str) -> None:
    """Say nothing."""
