"""The public names of the installed ndmem: what each is, what it has, and how it is called.

``python tests/compatibility/list_face.py`` prints them as JSON. Run with 0.1.0, it made ``"names"`` of
``face_0_1_0.json``.
"""

import inspect
import json
import sys
from collections.abc import Callable
from typing import Any, Final

import ndmem


def _track() -> ndmem.TrackedRun:
    with ndmem.track() as run:
        pass
    return run


def _limit() -> object:
    with ndmem.limit("1 GiB") as limit:
        pass
    return limit


# Objects that public functions return, whose classes have no public name.
RETURNED: Final[dict[str, Callable[[], object]]] = {
    "arrays()": ndmem.arrays,
    "breakdown()": ndmem.breakdown,
    "diff()": lambda: ndmem.diff(_track(), _track()),
    "dims()": lambda: ndmem.dims(n=1),
    "fits()": lambda: ndmem.fits(1),
    "limit()": _limit,
    "limits()": ndmem.limits,
    "spec()": lambda: ndmem.spec("f8[1]"),
    "weigh()": lambda: ndmem.weigh(b""),
}


def describe_face() -> dict[str, dict[str, Any]]:
    """Describe each public name, and under its call each object that only a call returns."""
    named = {name: describe(getattr(ndmem, name)) for name in sorted(ndmem.__all__)}
    # A constructor that users are not meant to call may change.
    return named | {call: describe(type(make())) | {"signature": None} for call, make in RETURNED.items()}


def describe(value: Any) -> dict[str, Any]:
    """Describe a function by its signature; a class by that of its constructor, its members, methods and bases."""
    if not isinstance(value, type):
        return {"signature": read_signature(value)}
    bases = [base for base in value.__mro__ if base is not object and base.__module__ == "builtins"]
    members = [name for name in dir(value) if name[0] != "_" and not any(hasattr(base, name) for base in bases)]
    methods = [name for name in members if inspect.isroutine(inspect.getattr_static(value, name))]
    return {
        "signature": read_signature(value),
        "members": members,
        "methods": {name: read_signature(getattr(value, name)) for name in methods},
        "bases": [base.__name__ for base in bases],
    }


def read_signature(function: Callable[..., Any]) -> str | None:
    """Write a function's parameters without annotations, each default as ``...``; ``None`` if they are not known."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # of a class in C, as exceptions are
        return None
    parameters = [
        each.replace(annotation=each.empty, default=each.empty if each.default is each.empty else ...)
        for each in signature.parameters.values()
    ]
    return str(inspect.Signature(parameters)).replace("Ellipsis", "...")


if __name__ == "__main__":
    json.dump(describe_face(), sys.stdout, indent=1)
