"""Rules for types whose memory the walk cannot see, by type or by name.

Rules never import a library: they are found by the module name of a type.
"""

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
        Only the objects that describe it hold it, so that it is freed with them.
    holders : int, optional
        How many objects hold it, as the library counts them. Then it is freed if all of them are found.
    """

    address: int
    nbytes: int
    domain: Domain = Domain.FOREIGN
    sure: bool = True
    holders: int | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """Memory of an object that CPython does not report: the result of a rule.

    Attributes
    ----------
    objects : tuple of object
        Python objects it holds a reference to.
    bases : tuple of object
        The same, for objects whose memory it only views.
    regions : tuple of Region
        Memory that other objects may describe too; counted once.
    nbytes : int
        Bytes of native memory that only this object holds; if not `sure`, others may hold it too.
    logical : int, optional
        Its ``.nbytes``. Default: the sum of `regions`.
    note : str, optional
        A sentence about data that are not in memory.
    follow : bool
        Also follow the references that CPython knows.
    sure : bool
        Only this object holds the `nbytes`.
    unseen : bool
        It holds memory that this rule cannot count.
    """

    objects: tuple[object, ...] = ()
    bases: tuple[object, ...] = ()
    regions: tuple[Region, ...] = ()
    nbytes: int = 0
    logical: int | None = None
    note: str | None = None
    follow: bool = True
    sure: bool = True
    unseen: bool = False


@dataclass(frozen=True, slots=True)
class Child:
    """A child of an object, by name.

    Attributes
    ----------
    label : str
        As a user would write it after the object: ``.data``, ``['x']``, ``[0]``.
    object : object
        The child.
    share : int, optional
        Bytes of the child, if it is a part of an object that other children use too.
    """

    label: str
    object: object
    share: int | None = None


Rule = Callable[[Any], Holding | int]
Leave = Literal["skip", "counted", "unseen"]
Children = Callable[[Any], Iterable[Child]]
# "skip": not followed; "counted": sys.getsizeof has the memory that it exports as a buffer; "unseen": it holds memory
# that is not visible, unless it has a size of its own or a buffer.

ADAPTERS: Final[dict[str, str]] = {
    "_ctypes": "ctypes",
    "_io": "builtin",
    "_nrt_python": "compiled.numba",
    "array": "builtin",
    "builtins": "unnamed",
    "dask": "dask",
    "h5py": "hdf5",
    "jaxlib": "tensors.jax",
    "mmap": "builtin",
    "numba": "compiled.numba",
    "numpy": "numpy",
    "pandas": "pandas",
    "pyarrow": "arrow",
    "PIL": "compiled.pillow",
    "scipy": "scipy",
    "shapely": "compiled.shapely",
    "sklearn": "compiled.sklearn",
    "torch": "tensors.torch",
    "xarray": "xarray",
    "zarr": "zarr",
}
"""Adapter by the first part of the name of a type's module."""

_rules: dict[type | str, Rule | Leave] = {}
_children: dict[type | str, Children] = {}
_known: WeakKeyDictionary[type, dict[str, Any]] = WeakKeyDictionary()
"""Results for a type, by table."""


def register(kind: type | str, function: Rule, *, children: Children | None = None) -> None:
    """Register a rule for the memory of a type that CPython cannot see.

    Parameters
    ----------
    kind : type or str
        The type, or its full name, ``"package.module.Type"``; subclasses are included.
    function : callable
        Called with an object; returns a `Holding`, or the bytes of native memory that only it holds. It must
        not change the object. If it raises, the weight has a note.
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
    named = isinstance(kind, str) and "." in kind.strip(".")
    if not isinstance(kind, type) and not named:
        raise WeighError(f"{str(kind)[:80]!r} is not a type; give the type or 'package.module.Type'")
    if not callable(function) or (children is not None and not callable(children)):  # type: ignore[redundant-expr]
        raise WeighError(f"the rule for {str(kind)[:80]!r} cannot be called; give a function of the object")
    _known.clear()
    _rules[kind] = function
    if children is not None:
        _children[kind] = children


def rule_of(kind: type) -> Rule | Leave | None:
    """Return the rule for objects of a type; ``None`` if CPython reports all of their memory."""
    return cast("Rule | Leave | None", _lookup(kind, _rules, "RULES"))


def children_of(kind: type) -> Children | None:
    """Return the function that names children of a type; ``None`` if none is registered."""
    return cast("Children | None", _lookup(kind, _children, "CHILDREN"))


def _lookup(kind: type, registered: dict[Any, Any], table: str) -> Any:
    # Cached, because a library's class has half a dozen bases. Types with a metaclass are not cached: it may define
    # equality.
    known = _known.setdefault(kind, {}) if type(kind) is type else {}
    if table not in known:
        known[table] = _find(kind, registered, table)
    return known[table]


def seen_by_adapter(name: str) -> bool:
    """Return whether an adapter says that instances of a type hold nothing but what CPython reports."""
    prefixes = getattr(_adapter(name.partition(".")[0]), "SEEN", ())
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def _find(kind: type, registered: dict[Any, Any], table: str) -> Any:
    for base in mro_of(kind):
        if base in registered:
            return registered[base]
        name = full_name(base)
        if name in registered:
            return registered[name]
        adapter = _adapter(name.partition(".")[0])
        found = getattr(adapter, table, {}).get(name)
        if found is not None:
            return found
    return None


def full_name(kind: type) -> str:
    """Return ``package.module.Type``; an empty text if its module is unknown."""
    # type's own descriptors: a metaclass may override the attributes.
    try:
        module, name = type.__getattribute__(kind, "__module__"), type.__getattribute__(kind, "__qualname__")
    except AttributeError:
        return ""
    return f"{module}.{name}" if isinstance(module, str) else ""


@functools.cache
def _adapter(module: str) -> ModuleType | None:
    name = ADAPTERS.get(module)
    return importlib.import_module(f".adapters.{name}", __package__) if name else None
