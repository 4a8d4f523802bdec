"""Read types and instances as CPython has them, without running attributes of the user's classes."""

from collections.abc import Mapping
from types import GetSetDescriptorType
from typing import Any, Final, cast

_TYPE: Final[dict[str, Any]] = dict(vars(type))


def is_a(thing: object, kinds: type | tuple[type, ...]) -> bool:
    """Return whether an object is of a type, even if its ``__class__`` claims otherwise or raises."""
    return issubclass(type(thing), kinds)


def mro_of(kind: type) -> tuple[type, ...]:
    """Return a type and its bases, in the order of resolution."""
    return cast("tuple[type, ...]", _TYPE["__mro__"].__get__(kind))


def qualname_of(kind: type) -> str:
    """Return the qualified name of a type, even if its metaclass defines another."""
    return cast("str", _TYPE["__qualname__"].__get__(kind))


def namespace_of(kind: type) -> Mapping[str, Any]:
    """Return what a type itself defines."""
    return cast("Mapping[str, Any]", _TYPE["__dict__"].__get__(kind))


def instance_dict(thing: object) -> dict[str, object] | None:
    """Return the ``__dict__`` of an instance; ``None`` if it has none."""
    for kind in mro_of(type(thing)):
        member = namespace_of(kind).get("__dict__")
        if isinstance(member, GetSetDescriptorType):
            held = member.__get__(thing)
            return held if is_a(held, dict) else None
    return None
