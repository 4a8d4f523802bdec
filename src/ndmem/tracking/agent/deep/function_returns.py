"""Look at the arrays in the variables of the user's functions when these return: most arrays die there.

By ``sys.monitoring``, so from Python 3.12 on. Used inside the program: imports only modules that Python's own start
imports.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

_TOOLS = (4, 3)
"""Ids of ``sys.monitoring`` without a meaning of their own."""

_OPTIMIZED = 1
"""Flag of the code of a function, whose variables end with it."""

_MOST_IN_VAIN = 32
"""Returns of a place without a large array after which it is left alone: small functions are called most."""


class FunctionReturns:
    """Calls a function with the variables of each of the user's functions that returns.

    Parameters
    ----------
    native : module
        The native core.
    is_users : callable
        Tells of a file name whether its code is the user's.
    look : callable
        Takes the code of the function and its variables; returns whether there was something to look at.
    """

    def __init__(
        self, native: Any, *, is_users: Callable[[str], bool], look: Callable[[CodeType, dict[str, object]], bool]
    ) -> None:
        self._native, self._is_users, self._look = native, is_users, look
        self._monitoring: Any = getattr(sys, "monitoring", None)
        self._tool: int | None = None
        self._in_vain: dict[tuple[int, int], int] = {}
        self._inside = False
        self.obstacle = ""
        """Why there is nothing to see, after `begin` returned false."""

    def begin(self) -> bool:
        """Begin to watch; false if this Python cannot, or other tools hold the ids."""
        monitoring = self._monitoring
        if monitoring is None:
            self.obstacle = "before Python 3.12, ndmem cannot see functions return"
            return False
        for tool in _TOOLS:
            if monitoring.get_tool(tool) is None:
                monitoring.use_tool_id(tool, "ndmem")
                monitoring.register_callback(tool, monitoring.events.PY_RETURN, self._note)
                monitoring.set_events(tool, monitoring.events.PY_RETURN)
                self._tool = tool
                return True
        self.obstacle = "other tools hold the ids of sys.monitoring"
        return False

    def end(self) -> None:
        """Stop watching."""
        if self._tool is not None:
            self._monitoring.set_events(self._tool, 0)
            self._monitoring.register_callback(self._tool, self._monitoring.events.PY_RETURN, None)
            self._monitoring.free_tool_id(self._tool)
            self._tool = None

    def _note(self, code: CodeType, offset: int, _value: object) -> object:
        if self._inside:  # another thread looks
            return None
        self._inside = True
        quiet = self._native.quiet(True)
        try:
            place = id(code), offset
            if not code.co_flags & _OPTIMIZED or not self._is_users(code.co_filename):
                return self._monitoring.DISABLE
            if self._look(code, dict(sys._getframe(1).f_locals)):
                self._in_vain[place] = 0
                return None
            count = self._in_vain[place] = self._in_vain.get(place, 0) + 1
        except Exception:  # whatever it is, the program goes on
            return self._monitoring.DISABLE
        else:
            return self._monitoring.DISABLE if count == _MOST_IN_VAIN else None
        finally:
            self._inside = False
            if quiet:
                self._native.quiet(False)
