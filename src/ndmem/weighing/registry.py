"""What is known of types that the walk cannot look into: rules, by type or by name.

A library is never imported for its rules: they are found by the name of the module that a type comes from.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, Literal, cast
from weakref import WeakKeyDictionary

from ndmem.errors import WeighError
from ndmem.model.trace import Domain

from .mirror import mro_of


@dataclass(frozen=True, slots=True)
class Region:
    """Memory outside Python objects and NumPy's own buffers.

    Attributes
    ----------
    address, nbytes : int
        Where, and how long.
    domain : Domain
        Kind of memory.
    sure : bool
        No holder but the ones that describe it, so that it is freed with them.
    """

    address: int
    nbytes: int
    domain: Domain = Domain.FOREIGN
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Holding:
    """What an object holds that CPython does not tell: the answer of a rule.

    Attributes
    ----------
    objects : tuple of object
        Python objects it holds a reference to.
    bases : tuple of object
        The same, for those whose memory it only looks at.
    regions : tuple of Region
        Memory that others may describe too: counted once.
    nbytes : int
        Bytes of native memory that are its own and nobody else's.
    logical : int, optional
        What its ``.nbytes`` says; the sum of `regions` if left out.
    note : str, optional
        What is not in memory, a sentence.
    follow : bool
        Whether the references that CPython knows are followed as well.
    """

    objects: tuple[object, ...] = ()
    bases: tuple[object, ...] = ()
    regions: tuple[Region, ...] = ()
    nbytes: int = 0
    logical: int | None = None
    note: str | None = None
    follow: bool = True


@dataclass(frozen=True, slots=True)
class Child:
    """A child of an object, by name.

    Attributes
    ----------
    label : str
        As one would write it after the object: ``.data``, ``['x']``, ``[0]``.
    object : object
        The child.
    share : int, optional
        Bytes, if the child is only this much of the object, which other children use too.
    """

    label: str
    object: object
    share: int | None = None


Rule = Callable[[Any], Holding | int]
Leave = Literal["skip", "counted"]
Children = Callable[[Any], Iterable[Child]]
# "skip": not followed; "counted": sys.getsizeof has the memory that it exports as a buffer.

ADAPTERS: Final[dict[str, str]] = {
    "_ctypes": "ctypes",
    "_io": "builtin",
    "array": "builtin",
    "dask": "dask",
    "h5py": "hdf5",
    "mmap": "builtin",
    "numpy": "numpy",
    "pandas": "pandas",
    "pyarrow": "arrow",
    "scipy": "scipy_sparse",
    "xarray": "xarray",
    "zarr": "zarr",
}
"""Adapter by the first part of the name of a type's module."""

_rules: dict[type | str, Rule | Leave] = {}
_children: dict[type | str, Children] = {}
_known: WeakKeyDictionary[type, dict[str, Any]] = WeakKeyDictionary()
"""What was found for a type, by table."""


def register(kind: type | str, function: Rule, *, children: Children | None = None) -> None:
    """Say what objects of a type hold that CPython cannot see.

    Parameters
    ----------
    kind : type or str
        The type, or its full name, ``"package.module.Type"``; subclasses are meant too.
    function : callable
        Called with an object; returns a `Holding`, or the bytes of native memory it alone holds. It must not
        change the object. If it raises, the weight says so in a note.
    children : callable, optional
        Called with an object; returns `Child` objects to show as its parts.

    Raises
    ------
    WeighError
        If `kind` is neither a type nor the full name of one, or `function` cannot be called.

    Examples
    --------
    >>> register("imaging.core.Frame", lambda frame: frame.stride * frame.height)
    """
    if not isinstance(kind, type) and not (isinstance(kind, str) and "." in kind.strip(".")):
        raise WeighError(f"{str(kind)[:80]!r} is not a type; give the type or 'package.module.Type'")
    if not callable(function) or not (children is None or callable(children)):
        raise WeighError(f"the rule for {str(kind)[:80]!r} cannot be called; give a function of the object")
    _known.clear()
    _rules[kind] = function
    if children is not None:
        _children[kind] = children


def rule_of(kind: type) -> Rule | Leave | None:
    """Return the rule for objects of a type, ``None`` if they hide nothing."""
    return cast("Rule | Leave | None", _lookup(kind, _rules, "RULES"))


def children_of(kind: type) -> Children | None:
    """Return what names the children of objects of a type, ``None`` if nothing was registered."""
    return cast("Children | None", _lookup(kind, _children, "CHILDREN"))


def _lookup(kind: type, registered: dict[Any, Any], table: str) -> Any:
    # A class of a library has half a dozen bases to ask for. A metaclass may say what is equal: its types are not kept.
    known = _known.setdefault(kind, {}) if type(kind) is type else {}
    if table not in known:
        known[table] = _find(kind, registered, table)
    return known[table]


def _find(kind: type, registered: dict[Any, Any], table: str) -> Any:
    for base in mro_of(kind):
        if base in registered:
            return registered[base]
        name = _full_name(base)
        if name in registered:
            return registered[name]
        adapter = _adapter(name.partition(".")[0])
        found = getattr(adapter, table, {}).get(name)
        if found is not None:
            return found
    return None


def _full_name(kind: type) -> str:
    # Past a metaclass: its attributes are not the type's.
    try:
        module, name = type.__getattribute__(kind, "__module__"), type.__getattribute__(kind, "__qualname__")
    except AttributeError:
        return ""
    return f"{module}.{name}" if isinstance(module, str) else ""


@functools.cache
def _adapter(module: str) -> ModuleType | None:
    name = ADAPTERS.get(module)
    return importlib.import_module(f".adapters.{name}", __package__) if name else None
