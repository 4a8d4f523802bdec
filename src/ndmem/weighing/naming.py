"""Name the children of an object, as a user would write it after the object."""

import functools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from types import FrameType, FunctionType, GeneratorType, GetSetDescriptorType, MemberDescriptorType, MethodType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from ndmem._walk import attributes_beside, describe_numbers, entries_of, frame_variables, items_of

from .mirror import is_a, mro_of, namespace_of
from .registry import children_of

_PLAIN = (str, int, float, bool, bytes, type(None), complex)
_LONGEST_LABEL = 60
_EXCEPTION = dict(vars(BaseException))
_frame_of = GeneratorType.gi_frame.__get__
_known_members: WeakKeyDictionary[type, tuple[tuple[int, ...], list[tuple[str, int]]]] = WeakKeyDictionary()
# NumPy's own descriptors: a subclass may override the attribute.
_dtype_of, _shape_of, _base_of = np.ndarray.dtype.__get__, np.ndarray.shape.__get__, np.ndarray.base.__get__


class Children(NamedTuple):
    """Children and their labels. Labels are created on use: of a thousand children few are shown.

    Attributes
    ----------
    objects : sequence of object
        The children. A list may be the program's own, which other threads change.
    names : sequence, or None
        Input of `write`; ``None`` for positions.
    write : callable
        Converts a name to a label.
    shares : sequence of int or None, or None
        Bytes of children that are only a share of their object.
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
    except Exception:  # the library's private attributes have changed: show its public ones
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
    objects: Sequence[object]
    fields = getattr(type(parent), "_fields", None)
    base = next(kind for kind in (list, tuple, deque, set, frozenset) if is_a(parent, kind))
    # Without the user's __iter__. The list itself, which the program may change: a copy would take a third of the time.
    objects = parent if type(parent) in (list, tuple) else items_of(base, parent)
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
    keys, values = entries_of(parent)
    if type(parent) is dict:
        return Children(values, keys, _entry)
    return _named([*((_entry(key), value) for key, value in zip(keys, values, strict=True)), *_attributes(parent)])


def _entry(key: object) -> str:
    return f"[{_key(key)}]"


def _key(key: object) -> str:
    # The repr of any other type would run the user's code.
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
        items = list(flat)
        if not pairs:
            return Children(items)
        pairs += [(f".flat[{position}]", item) for position, item in enumerate(items)]
    return _named(pairs)


def _attributes(parent: Any) -> Iterator[tuple[str, object]]:
    """Yield what an object refers to by name, without running code of its class."""
    if is_a(parent, FunctionType):
        for name, cell in zip(parent.__code__.co_freevars, parent.__closure__ or (), strict=False):
            with suppress(ValueError):  # an empty cell
                yield f" closure {name}", cell.cell_contents
        for number, value in enumerate(parent.__defaults__ or ()):
            yield f" default {number}", value
        yield from ((f" default {name}", value) for name, value in _text_entries(parent.__kwdefaults__))
    elif is_a(parent, GeneratorType):
        frame = _frame_of(parent)
        yield from ((f" local {name}", value) for name, value in _text_entries(frame and frame_variables(frame)))
    elif is_a(parent, FrameType):  # of a function that ended, which a traceback keeps
        function = parent.f_code.co_name
        yield from ((f" local {name} of {function}", value) for name, value in _text_entries(frame_variables(parent)))
    elif is_a(parent, MethodType):
        yield ".__self__", parent.__self__
    elif is_a(parent, BaseException):
        yield from ((f".args[{number}]", value) for number, value in enumerate(_EXCEPTION["args"].__get__(parent)))
        yield ".__traceback__", _EXCEPTION["__traceback__"].__get__(parent)
    bases = mro_of(type(parent))
    for name, position in _members(type(parent), bases):
        member = namespace_of(bases[position]).get(name)
        if member is None:
            continue  # another thread removed it from the class
        if name == "__dict__":
            held = attributes_beside(parent)
            held = member.__get__(parent) if held is None else held
            if is_a(held, dict):  # a type's __dict__ is a mapping proxy
                yield from ((f".{key}", value) for key, value in _text_entries(held))
        else:
            with suppress(AttributeError, ValueError, TypeError):  # an empty slot
                yield f".{name}", member.__get__(parent)


def _text_entries(held: dict[Any, Any] | None) -> Iterator[tuple[str, object]]:
    if held is not None:
        yield from (pair for pair in zip(*entries_of(held), strict=True) if type(pair[0]) is str)


def _members(kind: type, bases: tuple[type, ...]) -> list[tuple[str, int]]:
    """Return where instances of a type keep their attributes, slots and the dict: name, and which base has it."""
    # Cached, because the classes of a library have hundreds of names. Types with a metaclass are not cached, since it
    # may define equality, and members are not, since they hold their type.
    # The bases are those of the caller: the program may give a class others at any time.
    order = tuple(map(id, bases))
    known = _known_members.get(kind) if type(kind) is type else None
    if known is None or known[0] != order:
        known = order, list(_find_members(bases))
        if type(kind) is type:
            _known_members[kind] = known
    return known[1]


def _find_members(bases: tuple[type, ...]) -> Iterator[tuple[str, int]]:
    seen: set[str] = set()
    for position, base in enumerate(bases):
        namespace = namespace_of(base)
        for name in list(namespace):
            member = namespace.get(name)
            if name in seen or not isinstance(member, (GetSetDescriptorType, MemberDescriptorType)):
                continue
            seen.add(name)
            # A computed attribute would run the type's code.
            is_slot = isinstance(member, MemberDescriptorType) and not name.startswith("__")
            if is_slot or (name == "__dict__" and isinstance(member, GetSetDescriptorType)):
                yield name, position
