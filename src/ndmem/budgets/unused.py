"""Warn of a limit that was created and never used: ``ndmem.limit("4 GiB")`` without ``with`` limits nothing."""

from __future__ import annotations

import sys
import warnings
import weakref
from typing import TYPE_CHECKING

from ndmem.user_code import OWN_FOLDER, is_below

if TYPE_CHECKING:
    from typing import Any


def warn_when_discarded(limit: object, amount: str) -> weakref.finalize[..., Any]:
    """Warn when a limit is discarded, at the line outside ndmem that runs now; ``detach()`` the answer once it is used.

    Nothing is warned about at the end of the interpreter: a limit that is left then may have been meant for later.

    Parameters
    ----------
    limit : object
        The limit.
    amount : str
        Its budget, as it was written.
    """
    frame = sys._getframe(1)
    while frame.f_back is not None and is_below(frame.f_code.co_filename, (OWN_FOLDER,)):
        frame = frame.f_back
    until_used = weakref.finalize(limit, _warn, amount, frame.f_code.co_filename, frame.f_lineno, frame.f_globals)
    until_used.atexit = False  # type: ignore[misc]  # a property, for typeshed an attribute without a slot
    return until_used


def _warn(amount: str, filename: str, lineno: int, namespace: dict[str, Any]) -> None:
    text = f"limit({amount}) was never used, so it limited nothing; write: with ndmem.limit({amount}):"
    warnings.warn_explicit(
        text, UserWarning, filename, lineno, registry=namespace.setdefault("__warningregistry__", {})
    )
