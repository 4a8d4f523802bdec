"""The limit of ``ndmem run --limit``, inside the program: refuse allocations, and explain the error that results.

Imports only modules that Python's own start imports, until the program ends by an error.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any


class ProgramLimit:
    """A limit on the arrays of the program; it does not apply to its child processes.

    Parameters
    ----------
    native : module
        The native core.
    budget : int
        Bytes.
    explainer : str
        ``"module:function"``, imported when the program ends by a `MemoryError`: takes the core's limit, its bytes and
        the error, and returns the error to show, or ``None``.
    """

    def __init__(self, native: Any, budget: int, explainer: str) -> None:
        self._native = native
        self._budget = budget
        self._explainer = explainer
        self._limit: Any = None

    def set(self, threshold: int) -> None:
        """Refuse allocations beyond the budget from now on; end the program if it is exceeded already."""
        self._limit = self._native.Limit()
        self._limit.arm(threshold)
        if self._limit.live > self._budget:
            sys.stderr.write(
                f"ndmem: the limit of {self._budget} bytes is already exceeded: {self._limit.live} bytes are live after"
                " the import of NumPy; the program was ended; raise --limit, or use --no-native\n"
            )
            sys.stderr.flush()
            os._exit(2)
        self._limit.enforce(self._budget)
        before = sys.excepthook

        def explain(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
            found = self._convert(error)
            if found is None:
                before(kind, error, traceback)
            else:
                before(type(found), found, None)

        sys.excepthook = explain

    def lift(self) -> None:
        """Stop refusing allocations."""
        if self._limit is not None:
            self._limit.disarm()

    def explain(self) -> list[str]:
        """Return a note on the refused allocations for the report."""
        if self._limit is None or self._limit.excess is None:
            return []
        asked, _, stack, count, _ = self._limit.excess
        places = self._native.places_of(stack)
        where = f" at {places[0][0]}:{places[0][1]}" if places else ""
        times = "once" if count == 1 else f"{count} times"
        return [f"The limit of {self._budget:,} bytes refused arrays {times}, the last of {asked:,} bytes{where}."]

    def _convert(self, error: BaseException) -> BaseException | None:
        """Return an error that explains the refusal, for an error that results from one."""
        if self._limit is None or not self._limit.armed or not isinstance(error, MemoryError):
            return None
        quiet = self._native.quiet(True)  # what is imported for the message is ndmem's own memory
        try:
            import importlib  # the program has ended

            module, _, name = self._explainer.partition(":")
            explain = getattr(importlib.import_module(module), name)
            found: BaseException | None = explain(self._limit, self._budget, error)
        except Exception:  # then Python shows the original error
            return None
        finally:
            if quiet:
                self._native.quiet(False)
        return found
