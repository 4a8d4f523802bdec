"""Random programs of array operations: a few registers, and steps that fill, combine, change and empty them."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

Array = npt.NDArray[np.float64]
REGISTERS = 4


@dataclass(frozen=True, slots=True)
class Step:
    """One operation on the registers.

    Attributes
    ----------
    verb : str
        Key of `VERBS`.
    target, a, b : int
        Registers: where the result goes, and of what it is made.
    n : int
        A length.
    """

    verb: str
    target: int
    a: int
    b: int
    n: int


def _fit(array: Array, n: int) -> Array:
    """View or copy of n values of an array."""
    return np.resize(array.ravel(), n)


def _square(array: Array, n: int) -> Array:
    side = 1 + n % 60
    return _fit(array, side * side).reshape(side, side)


def _in_place(a: Array, b: Array, n: int) -> Array:
    if a.size == b.size and a.flags.writeable:
        a.reshape(-1)[...] += b.ravel()
    a[: n % 7] *= 2
    return a


def _in_thread(a: Array, b: Array, n: int) -> Array:
    made: list[Array] = []

    def work() -> None:
        made.append(np.sqrt(np.abs(a)) + n)
        np.empty(n)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
        thread.join()  # one after the other: the peak of two at once is not the same twice
    return made[b.size % 2]


def _append_in_loop(a: Array, b: Array, n: int) -> Array:
    for i in range(n % 4):
        a = np.append(a.ravel()[:500], float(i + b.size))
    return a


def _list_of_arrays(a: Array, b: Array, n: int) -> Array:
    parts = [np.full(i + 1, float(n)) for i in range(n % 20)]
    del parts[::2]
    return np.concatenate([a.ravel(), *parts, b.ravel()])[:4000]


VERBS: dict[str, Callable[[Array, Array, int], Array]] = {
    "zeros": lambda a, b, n: np.zeros(n),
    "arange": lambda a, b, n: np.arange(n) * 1.5,
    "fromiter": lambda a, b, n: np.fromiter((float(i) for i in range(n % 300)), float),
    "from a list": lambda a, b, n: np.array([[1.0, 2.0]] * (n % 50 + 1)),
    "chain": lambda a, b, n: (_fit(a, n) * 2 + _fit(b, n)) / 3 - 1,
    "compare": lambda a, b, n: (a > 0.5).astype(float),
    "slice": lambda a, b, n: a[n % 3 :: 2],
    "copy": lambda a, b, n: a.T.copy(),
    "reshape": lambda a, b, n: _square(a, n).T.reshape(-1),
    "stack": lambda a, b, n: np.vstack([_fit(a, n), _fit(b, n)]),
    "concatenate": lambda a, b, n: np.concatenate([a.ravel(), b.ravel()])[:4000],
    "take": lambda a, b, n: _fit(a, n)[np.arange(n)[::-1]],
    "mask": lambda a, b, n: a[a > a.mean()] if a.size else a,
    "matmul": lambda a, b, n: _square(a, n) @ _square(b, n),
    "sort": lambda a, b, n: np.sort(a, axis=None),
    "argsort": lambda a, b, n: np.argsort(_fit(a, n), kind="stable").astype(float),
    "reduce": lambda a, b, n: np.reshape(np.std(a) if a.size else 0.0, 1),
    "unique": lambda a, b, n: np.unique(np.round(a)),
    "where": lambda a, b, n: np.where(_fit(a, n) > 0, _fit(b, n), 0.0),
    "pad": lambda a, b, n: np.pad(a.ravel()[:1000], n % 9, mode="edge") if a.size else a,
    "in place": _in_place,
    "in a thread": _in_thread,
    "append in a loop": _append_in_loop,
    "list of arrays": _list_of_arrays,
    "delete": lambda a, b, n: np.empty(0),
    "big": lambda a, b, n: (_fit(a, 40_000) + _fit(b, 40_000)) * 2,
}

_REGISTER = st.integers(0, REGISTERS - 1)
_STEP = st.builds(Step, st.sampled_from(sorted(VERBS)), _REGISTER, _REGISTER, _REGISTER, st.integers(1, 3000))
programs = st.lists(_STEP, max_size=15)


def execute(steps: list[Step]) -> list[Array]:
    """Execute a program and return its registers."""
    registers: list[Array] = [np.ones(10) for _ in range(REGISTERS)]
    for step in steps:
        with np.errstate(all="ignore"):
            registers[step.target] = VERBS[step.verb](registers[step.a], registers[step.b], step.n)
    return registers
