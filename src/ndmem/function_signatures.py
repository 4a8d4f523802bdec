"""Read the signature of a function without running its annotations."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def read_signature(function: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of a function; annotations may be strings.

    Parameters
    ----------
    function : callable
        Since Python 3.14 its annotations are code that runs when they are read: it may raise an error, because a name
        is imported only for type checkers, or import modules that the program does not need.

    Raises
    ------
    ValueError, TypeError
        If the function has no signature, as `inspect.signature`.
    """
    options: dict[str, Any] = {}
    if sys.version_info >= (3, 14):
        from annotationlib import Format  # not before Python 3.14

        options["annotation_format"] = Format.STRING
    return inspect.signature(function, **options)
