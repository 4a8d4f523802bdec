"""Turn the arguments of `predict` into arguments that can be made for any lengths."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ndmem.errors import SpecError
from ndmem.function_signatures import read_signature
from ndmem.model.spec import ArraySpec
from ndmem.phrasing import current_phrasing
from ndmem.planning.arguments.real.bind_real import RealArguments, shape_of
from ndmem.planning.arguments.real.sample_data import Fill
from ndmem.planning.extrapolation.size_line import KEPT, SHORTEST

from .arguments import Argument, Arguments, Described, Literal, Scalar, Several
from .dims import Dim
from .pattern import ArrayPattern, Length, looks_like_pattern, read_pattern, refuse_mistyped

_NAMES = ("n", "m", "k", "l", "p", "q", "r", "s")


def bind_arguments(
    function: Callable[..., Any],
    positional: Sequence[Any],
    keywords: Mapping[str, Any],
    *,
    dims: Mapping[str, int] | None = None,
    make: Callable[..., Any] | None = None,
    fill: Fill | Mapping[str, Fill] = Fill.UNIFORM,
    like: Mapping[str, Any] | None = None,
) -> Arguments:
    """Find the dimensions of the arguments of a call.

    Parameters
    ----------
    function : callable
        The function.
    positional, keywords
        Its arguments: arrays, tables, specs, texts such as ``"f4[n, d]"``, dimensions, and anything else.
    dims : mapping of str to int, optional
        Named dimensions.
    make : callable, optional
        Makes all arguments from the lengths of the dimensions.
    fill, like
        Contents of samples, and arrays to draw their values from, by parameter name.

    Raises
    ------
    SpecError
        If the function does not take these arguments, a text names a dimension without a length or is a mistyped
        description of an array, if no argument uses one of the dimensions, or `make` is passed without dimensions.
    """
    if make is not None:
        if positional or keywords:
            raise SpecError("make= makes all arguments; leave the others out, or leave make= out")
        if not dims:
            raise SpecError("make= needs the lengths it is called with; pass dims=ndmem.dims(n=…)")
        return Arguments((), {}, dict(dims), make)
    _check_signature(function, positional, keywords)
    binder = _Binder(dict(dims or {}), fill, dict(like or {}))
    names = _parameter_names(function, len(positional))
    binder.note_arrays([*zip(names, positional, strict=True), *keywords.items()])
    bound = tuple(binder.bind(name, value) for name, value in zip(names, positional, strict=True))
    named = {name: binder.bind(name, value) for name, value in keywords.items()}
    _refuse_unused(dims or {}, binder.used)
    return Arguments(
        bound, named, binder.lengths, least=binder.real.values.least, doubts=tuple(dict.fromkeys(binder.real.doubts))
    )


def _check_signature(function: Callable[..., Any], positional: Sequence[Any], keywords: Mapping[str, Any]) -> None:
    """Raise if the function does not take these arguments; a function without a signature is not checked."""
    try:
        signature = read_signature(function)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*positional, **keywords)
    except TypeError as error:
        name = getattr(function, "__name__", "the function")
        takes = f"{name}({', '.join(signature.parameters)})"
        lengths = [each for each in keywords if each not in signature.parameters and type(keywords[each]) is int]
        if lengths and any(type(each) is str and lengths[0] in each for each in (*positional, *keywords.values())):
            step = f"give the length of {lengths[0]} as {current_phrasing().give_length(lengths[0])}"
        else:
            step = current_phrasing().argument
        raise SpecError(f"{takes} does not take these arguments: {error}; {step}") from None


def _refuse_unused(dims: Mapping[str, int], used: Set[str]) -> None:
    unused = [name for name in dims if name not in used]
    if unused:
        others = ", ".join(name for name in dims if name in used) or "none"
        raise SpecError(
            f"no argument uses the dimension {unused[0]}={dims[unused[0]]} (used: {others}); leave it out, or write it "
            f"where it belongs: 'f8[{unused[0]}]' for an array, {current_phrasing().number.format(unused[0])}"
        )


def _parameter_names(function: Callable[..., Any], count: int) -> list[str]:
    try:
        parameters = [
            each.name
            for each in read_signature(function).parameters.values()
            if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):
        parameters = []
    return [parameters[i] if i < len(parameters) else f"argument {i}" for i in range(count)]


@dataclass(slots=True)
class _Binder:
    """Assigns a dimension to each long axis; equal lengths share one."""

    lengths: dict[str, int]
    fill: Fill | Mapping[str, Fill]
    like: dict[str, Any]
    has_arrays: bool = False
    named: dict[int, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    real: RealArguments = field(init=False)

    def __post_init__(self) -> None:
        for name, length in self.lengths.items():
            self.named.setdefault(length, name)
        self.real = RealArguments(self._axes, self.lengths)

    def note_arrays(self, arguments: Sequence[tuple[str, Any]]) -> None:
        """Name the axes of all arrays, before numbers are bound: a number may be one of these lengths."""
        leaves = list(_flatten(arguments))
        for _, value in leaves:
            shape = shape_of(value)
            self.has_arrays |= shape is not None
            self.has_arrays |= isinstance(value, str) and looks_like_pattern(value)
            for length in shape or ():
                if length > SHORTEST:
                    self._name(length)
        self.real.bind_all(leaves)

    def bind(self, name: str, value: Any) -> Argument:  # noqa: PLR0911  # one for each kind of argument
        """Return one argument."""
        if isinstance(value, Dim):
            if self.lengths.setdefault(value.name, value.length) != value.length:
                raise SpecError(
                    f"the dimension {value.name!r} has two lengths: {self.lengths[value.name]} and {value.length}"
                )
            self.used.add(value.name)
            return Scalar(value.name)
        if isinstance(value, str) and looks_like_pattern(value):
            return self._describe(name, read_pattern(value, self.lengths))
        if isinstance(value, str):
            refuse_mistyped(value, name)
        if isinstance(value, ArraySpec):
            shape = tuple(Length(self._name(n) if n > SHORTEST else str(n)) for n in value.shape)
            return self._describe(name, ArrayPattern(value.dtype, shape, value.order))
        real = self.real.find(value)
        if real is not None:
            return real
        if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
            return Several(type(value), (), tuple(self.bind(name, each) for each in value))
        if isinstance(value, dict) and type(value) is dict:
            return Several(dict, tuple(value), tuple(self.bind(name, each) for each in value.values()))
        return self._bind_number(value)

    def _bind_number(self, value: Any) -> Argument:
        is_number = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        # A function that gets no array creates its own: a large number is taken as their length.
        if is_number and value > SHORTEST and (int(value) in self.named or (not self.has_arrays and value > KEPT)):
            return Scalar(self._name(int(value)))
        return Literal(value)

    def _describe(self, name: str, pattern: ArrayPattern) -> Described:
        self.used |= pattern.dimensions
        fill = self.fill if isinstance(self.fill, Fill) else self.fill.get(name, Fill.UNIFORM)
        return Described(pattern, fill, self.like.get(name))

    def _axes(self, shape: tuple[int, ...]) -> tuple[str | None, ...]:
        return tuple(self._name(length) if length > SHORTEST else None for length in shape)

    def _name(self, length: int) -> str:
        if length not in self.named:
            free = (name for name in (*_NAMES, *(f"n{i}" for i in range(1, 10_000))) if name not in self.lengths)
            self.named[length] = next(free)
            self.lengths[self.named[length]] = length
        self.used.add(self.named[length])
        return self.named[length]


def _flatten(arguments: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield the arguments in lists, tuples and dicts, with the name of the parameter."""
    for name, value in arguments:
        if type(value) in (list, tuple) and shape_of(value) is None:
            yield from _flatten((name, each) for each in value)
        elif type(value) is dict:
            yield from _flatten((name, each) for each in value.values())
        else:
            yield name, value
