"""The public functions `predict` and `planned`."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ndmem.errors import BudgetExceeded, PredictionError, SpecError
from ndmem.function_signatures import read_signature
from ndmem.phrasing import current_phrasing
from ndmem.planning.arguments.bind_specs import bind_arguments
from ndmem.planning.arguments.pattern import read_pattern
from ndmem.planning.arguments.real.sample_data import Fill
from ndmem.planning.forecast import Forecast, forecast
from ndmem.planning.ghost import verify_as_ghost
from ndmem.planning.strategy.measurements import Budget
from ndmem.planning.worker.sandbox.containment import find_containment
from ndmem.reporting.text.prediction import prediction_sentence
from ndmem.tracking.meter import Meter
from ndmem.tracking.recorder import untracked
from ndmem.units import parse_nbytes

from .prediction import Prediction

if TYPE_CHECKING:
    from ndmem.planning.arguments.arguments import Arguments

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
    """Predict the memory of a call without running it at its real size.

    A child process runs it with small arguments of the same kind; each line is extrapolated to the real size.

    Parameters
    ----------
    function : callable
        The function.
    *args, **kwargs
        Its arguments: arrays, data frames, sparse matrices; texts such as ``"f4[n, d]"`` and specs for arrays that do
        not exist yet; ``dims.n`` for a dimension passed as a number; any other value. Bind arguments that have the
        name of an option below with `functools.partial`.
    dims : Dims or mapping of str to int, optional
        Lengths of named dimensions, see `ndmem.dims`.
    make : callable, optional
        Makes all arguments from the lengths of `dims`, passed as keywords; returns a tuple, a dict, both, or one value.
    fill, like : str or dict of str, dict of arrays, optional
        Contents of samples (uniform, integers, spd), and arrays to draw their values from, by parameter name.
    timeout, memory : float, int or str
        Seconds for all runs together, and bytes that one run may use.
    sandbox : bool
        Refuse to write files outside a temporary folder, to use the network and to start processes; to C libraries on
        Linux only: elsewhere a `RuntimeWarning` lists what they could do.
    native : bool
        Measure memory beyond the arrays too (Linux).
    progress : callable, optional
        Called with a short text before each run.

    Returns
    -------
    Prediction
        Its text is the answer in a few lines; `explain` adds how it was measured, and each line.

    Raises
    ------
    PredictionError
        If the function fails at small sizes, does what the sandbox refuses or does not return.
    SpecError
        If a dimension named in a text has no length.
    """
    _check_call(function, sandbox=sandbox)
    with untracked():
        arguments = bind_arguments(function, args, kwargs, dims=dims, make=make, fill=_read_fill(fill), like=like)
        budget, report = Budget(_check_timeout(timeout), parse_nbytes(memory)), progress or _ignore_progress
        return predict_bound(function, arguments, budget=budget, sandbox=sandbox, native=native, progress=report)


def _check_call(function: object, *, sandbox: bool) -> None:
    """Raise if the function cannot be run here; warn if the sandbox of this system has gaps."""
    if not callable(function):
        raise PredictionError(f"{str(function)[:80]!r} is not callable; pass the function and its arguments")
    if not hasattr(os, "fork"):
        raise PredictionError("prediction needs fork: use Linux or macOS")
    if sandbox:
        _warn_about_gaps()


def predict_bound(
    function: Callable[..., Any],
    arguments: Arguments,
    *,
    budget: Budget,
    sandbox: bool,
    native: bool,
    progress: Callable[[str], None],
) -> Prediction:
    """Predict a call with bound arguments."""
    found = forecast(function, arguments, Meter(), budget=budget, sandbox=sandbox, native=native, progress=progress)

    def verify(found: Forecast, timeout: float) -> Forecast:
        with untracked():
            return verify_as_ghost(
                function, arguments, Meter(), found, timeout=timeout, memory=max(budget.memory, 2**31), sandbox=sandbox
            )

    return Prediction(found, arguments, verify=verify)


def planned(
    *,
    budget: int | str | None = None,
    warn: bool = False,
    strict: bool = False,
    timeout: float = 20.0,
    **specs: str,
) -> Callable[[_F], _F]:
    """Decorate a function to check before each call whether it fits into memory.

    Parameters
    ----------
    budget : int or str, optional
        Bytes that the function may use; by default what the process may still use.
    warn : bool
        Warn instead of raising.
    strict : bool
        Raise also if the prediction is labelled rough, which otherwise only warns.
    timeout : float
        Seconds that a prediction may take. Each new set of shapes is predicted once.
    **specs : str
        Parameters that are arrays, ``x="f4[n, d]"``: axes with the same name have the same length.

    Raises
    ------
    BudgetExceeded
        Raised by the decorated function before it runs, with the line of the peak.
    SpecError
        Raised by the decorated function, if an array differs from its description.
    """

    def decorate(function: _F) -> _F:
        signature = read_signature(function)
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
            _check(function, known[key], budget, warn=warn or (known[key].is_rough and not strict))
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
    """Raise if an array has other axes or another dtype than described."""
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
    """Return a key of the arguments; calls with the same key need the same memory."""
    parts = []
    for name, value in arguments.items():
        shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
        parts.append((name, type(value), shape, str(dtype)) if shape is not None else (name, repr(value)[:200]))
    return tuple(parts)


def _read_fill(fill: Fill | str | Mapping[str, str]) -> Fill | dict[str, Fill]:
    try:
        return {name: Fill(each) for name, each in fill.items()} if isinstance(fill, Mapping) else Fill(fill)
    except ValueError:
        raise SpecError(f"unknown fill={fill!r}; write 'uniform', 'integers' or 'spd'") from None


def _warn_about_gaps() -> None:
    gaps = find_containment().gaps
    if gaps:
        warnings.warn(
            f"the sandbox of this system does not apply to C libraries: one that the function uses could "
            f"{', '.join(gaps)} while it is measured; {current_phrasing().no_sandbox} if it does no such thing",
            RuntimeWarning,
            stacklevel=4,  # the caller of `predict`
        )


def _check_timeout(timeout: float) -> float:
    if not timeout > 0:
        raise PredictionError(f"the timeout {timeout} is not a positive number of seconds; write for example 20")
    return float(timeout)


def _ignore_progress(text: str) -> None:
    """Ignore progress."""
