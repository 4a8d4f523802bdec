"""NumPy's own objects besides arrays."""

from __future__ import annotations

from typing import Any, Final

from ndmem.weighing.registry import Holding, Leave, Rule


def hold_base(holder: Any) -> Holding:
    """Return the array that an iterator goes through."""
    base = holder.base
    return Holding() if base is None else Holding(bases=(base,))


def hold_scalar(scalar: Any) -> Holding:
    """Return the array that a structured scalar looks at, or the bytes that it has itself, outside the object."""
    base = scalar.base
    return Holding(nbytes=scalar.nbytes, logical=scalar.nbytes) if base is None else Holding(bases=(base,))


def hold_iterated(broadcast: Any) -> Holding:
    """Return the iterators of a broadcast, each of which holds its array."""
    return Holding(objects=broadcast.iters)


def hold_operands(iterator: Any) -> Holding:
    """Return the arrays that an nditer goes through; nothing once it is closed."""
    try:
        return Holding(objects=iterator.operands)
    except ValueError:
        return Holding()


RULES: Final[dict[str, Rule | Leave]] = {
    "numpy.flatiter": hold_base,
    "numpy.void": hold_scalar,
    "numpy.broadcast": hold_iterated,
    "numpy.nditer": hold_operands,
    "numpy.dtype": "skip",
    "numpy.ufunc": "skip",
    # Its references are ordinary; it is named so that it is not taken for a holder of unknown memory.
    "numpy.lib.stride_tricks.DummyArray": "counted",
    "numpy.lib._stride_tricks_impl.DummyArray": "counted",
}
