"""NumPy's own objects besides arrays."""

from __future__ import annotations

from typing import Any, Final

from ndmem.weighing.registry import Holding, Leave, Rule


def hold_base(holder: Any) -> Holding:
    """Return the array that an iterator or a structured scalar looks at."""
    base = holder.base
    return Holding() if base is None else Holding(bases=(base,))


RULES: Final[dict[str, Rule | Leave]] = {
    "numpy.flatiter": hold_base,
    "numpy.void": hold_base,
    "numpy.dtype": "skip",
    "numpy.ufunc": "skip",
    # Its references are ordinary; it is named so that it is not taken for a holder of unknown memory.
    "numpy.lib.stride_tricks.DummyArray": "counted",
    "numpy.lib._stride_tricks_impl.DummyArray": "counted",
}
