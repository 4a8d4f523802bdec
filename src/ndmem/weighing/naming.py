"""What the children of an object are called, as one would write it after the object."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType, MethodType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from ndmem._walk import attributes_beside, describe_numbers

from .mirror import is_a, mro_of, namespace_of
from .registry import children_of

_PLAIN = (str, int, float, bool, bytes, type(None), complex)
_LONGEST_LABEL = 60
_EXCEPTION = dict(vars(BaseException))
_known_members: WeakKeyDictionary[type, list[tuple[str, int]]] = WeakKeyDictionary()
# Past what a subclass says of itself.
_dtype_of, _shape_of, _base_of = np.ndarray.dtype.__get__, np.ndarray.shape.__get__, np.ndarray.base.__get__


class Children(NamedTuple):
    """Children and their labels, which are made when they are needed: of a thousand one is shown.

    Attributes
    ----------
    objects : sequence of object
        The children.
    names : sequence, or None
        What labels are written of; ``None`` if they are positions.
    write : callable
        Makes a name a label.
    shares : sequence of int or None, or None
        Bytes of those that are only a share of their object.
    """

    objects: Sequence[object]
    names: Sequence[Any] | None = None
    write: Callable[[Any], str] = str
    shares: Sequence[int | None] | None = None

    def label(self, position: int) -> str:
        """Return the label of one child."""
        return f"[{position}]" if self.names is None else self.write(self.names[position])


_NONE = Children(())


@functools.cache  # dtype.name is Python code
def _builtin_name(char: str) -> str:
    return str(np.dtype(char).name)


def children(parent: Any) -> Children:
    """Return the children of an object by name."""
    kind = type(parent)
    if kind is np.ndarray:
        return _of_array(parent)
    named = children_of(kind)
    if named is not None:
        found = _registered(named, parent)
        if found is not None:
            return found
    if is_a(parent, (list, tuple, deque, set, frozenset)):
        return _items(parent)
    if is_a(parent, dict):
        return _entries(parent)
    if is_a(parent, np.ndarray):
        return _of_array(parent)
    return _named(_attributes(parent))


def describe(thing: object) -> str:
    """Return the type of an object in a few words, with dtype and shape, or length, where it has them."""
    words = describe_numbers(thing)
    if words is not None:
        return words
    kind = type(thing)
    if issubclass(kind, np.ndarray):
        dtype = _dtype_of(thing)
        name = _builtin_name(dtype.char) if dtype.isbuiltin == 1 and dtype.isnative else str(dtype.name)
        name = name if dtype.names is None else f"{len(dtype.names)} fields"
        return f"{kind.__qualname__} {name} {_shape_of(thing)}{'' if _base_of(thing) is None else ' view'}"
    if kind in (list, tuple, dict, set, frozenset, deque, bytes, bytearray, str):
        return f"{kind.__qualname__} of {len(thing)}"  # type: ignore[arg-type]  # all of these have a length
    return str(type.__getattribute__(kind, "__qualname__"))


def _registered(named: Any, parent: object) -> Children | None:
    try:
        found = list(named(parent))
    except Exception:  # the private parts of a library have changed: its attributes are shown instead
        return None
    return Children(
        [child.object for child in found],
        [child.label for child in found],
        shares=[child.share for child in found] if any(child.share is not None for child in found) else None,
    )


def _named(pairs: Iterable[tuple[str, object]]) -> Children:
    labels, objects = [], []
    for label, value in pairs:
        labels.append(label)
        objects.append(value)
    return Children(objects, labels)


def _items(parent: Any) -> Children:
    fields = getattr(type(parent), "_fields", None)
    # Past the user's own __iter__.
    base = next(kind for kind in (list, tuple, deque, set, frozenset) if is_a(parent, kind))
    objects = parent if type(parent) in (list, tuple) else list(base.__iter__(parent))
    if base is tuple and isinstance(fields, tuple) and len(fields) == len(objects):
        return Children(objects, fields, ".{}".format)
    if base in (set, frozenset):
        return Children(objects, range(len(objects)), "{{{}}}".format)
    extra = [] if type(parent) is base else list(_attributes(parent))
    if extra:
        labels = [f"[{position}]" for position in range(len(objects))]
        return Children([*objects, *(value for _, value in extra)], [*labels, *(name for name, _ in extra)])
    return Children(objects)


def _entries(parent: dict[Any, Any]) -> Children:
    if type(parent) is dict:
        return Children(list(parent.values()), list(parent), _entry)
    return _named([*((_entry(key), value) for key, value in dict.items(parent)), *_attributes(parent)])


def _entry(key: object) -> str:
    return f"[{_key(key)}]"


def _key(key: object) -> str:
    # The repr of anything else is the user's code.
    if type(key) in _PLAIN:
        text = repr(key if not isinstance(key, (str, bytes)) else key[:_LONGEST_LABEL])
    elif type(key) is tuple and all(type(part) in _PLAIN for part in key):
        text = ", ".join(map(_key, key))
    else:
        text = f"<{type(key).__qualname__}>"
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"


def _of_array(parent: Any) -> Children:
    pairs = list(_attributes(parent)) if type(parent) is not np.ndarray else []
    base = _base_of(parent)
    if not pairs and (base is not None or not _dtype_of(parent).hasobject):
        return _NONE if base is None else Children((base,), (".base",))
    if base is not None:
        pairs.append((".base", base))
    elif _dtype_of(parent).kind == "O":
        flat = np.ndarray.flat.__get__(parent)
        if not pairs:
            return Children(list(flat))
        pairs += [(f".flat[{position}]", item) for position, item in enumerate(flat)]
    return _named(pairs)


def _attributes(parent: Any) -> Iterator[tuple[str, object]]:
    """Yield what an object refers to by name, without running code of its class."""
    if is_a(parent, FunctionType):
        for name, cell in zip(parent.__code__.co_freevars, parent.__closure__ or (), strict=False):
            with suppress(ValueError):  # an empty cell
                yield f" closure {name}", cell.cell_contents
        for number, value in enumerate(parent.__defaults__ or ()):
            yield f" default {number}", value
        yield from ((f" default {name}", value) for name, value in (parent.__kwdefaults__ or {}).items())
    elif is_a(parent, MethodType):
        yield ".__self__", parent.__self__
    elif is_a(parent, BaseException):
        yield from ((f".args[{number}]", value) for number, value in enumerate(_EXCEPTION["args"].__get__(parent)))
        yield ".__traceback__", _EXCEPTION["__traceback__"].__get__(parent)
    bases = mro_of(type(parent))
    for name, position in _members(type(parent)):
        member = namespace_of(bases[position])[name]
        if name == "__dict__":
            held = attributes_beside(parent)
            held = member.__get__(parent) if held is None else held
            if is_a(held, dict):  # a type's is a view of one
                yield from ((f".{key}", value) for key, value in list(dict.items(held)) if type(key) is str)
        else:
            with suppress(AttributeError, ValueError, TypeError):  # an empty slot
                yield f".{name}", member.__get__(parent)


def _members(kind: type) -> list[tuple[str, int]]:
    """Return where instances of a type keep their attributes, slots and the dict: name, and which base has it."""
    # The classes of a library have hundreds of names. A metaclass may say what is equal: its types are not kept. Nor
    # are members, which hold their type.
    known = _known_members.get(kind) if type(kind) is type else None
    if known is None:
        known = list(_find_members(kind))
        if type(kind) is type:
            _known_members[kind] = known
    return known


def _find_members(kind: type) -> Iterator[tuple[str, int]]:
    seen: set[str] = set()
    for position, base in enumerate(mro_of(kind)):
        for name, member in list(namespace_of(base).items()):
            if name in seen or not isinstance(member, (GetSetDescriptorType, MemberDescriptorType)):
                continue
            seen.add(name)
            # An attribute that is computed would be the type's own code.
            is_slot = isinstance(member, MemberDescriptorType) and not name.startswith("__")
            if is_slot or (name == "__dict__" and isinstance(member, GetSetDescriptorType)):
                yield name, position
