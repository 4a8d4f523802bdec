"""Random programs of allocations, and by hand what a budget must answer to each step."""

import random
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.uint8]
_ONE: Array = np.ones(1, np.uint8)


def make_empty(nbytes: int) -> Array:
    """Allocate without touching: NumPy's malloc."""
    return np.empty(nbytes, np.uint8)


def make_zeros(nbytes: int) -> Array:
    """Allocate zeros: NumPy's calloc."""
    return np.zeros(nbytes, np.uint8)


def make_copy(nbytes: int) -> Array:
    """Allocate inside a ufunc."""
    return np.negative(np.broadcast_to(_ONE, nbytes))


def resize(array: Array, nbytes: int) -> None:
    """Grow or shrink in place: NumPy's realloc."""
    array.resize(nbytes, refcheck=False)


@dataclass
class Program:
    """One random program under budgets, the outermost first.

    Attributes
    ----------
    budgets : list of int
        Bytes that the arrays of this program may have.
    faults : list of str
        Where what happened is not what must happen.
    refused : int
        Steps that were refused, as they had to be.
    highest : int
        Most bytes that the arrays had after a step.
    """

    seed: int
    budgets: list[int]
    live: list[Array] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    refused: int = 0
    highest: int = 0

    def run(self, steps: int) -> None:
        """Take random steps and judge each."""
        chance = random.Random(self.seed)
        for step in range(steps):
            kind, nbytes = chance.random(), int(2 ** chance.uniform(0, 15))
            if self.live and kind < 0.3:
                self.live.pop(chance.randrange(len(self.live)))
            elif self.live and kind < 0.5:
                place = chance.randrange(len(self.live))
                growth = nbytes - self.live[place].nbytes
                self._judge(step, growth, lambda p=place, n=nbytes: resize(self.live[p], n), "resize")
            else:
                make = chance.choice([make_empty, make_zeros, make_copy])
                self._judge(step, nbytes, lambda m=make, n=nbytes: self.live.append(m(n)), make.__name__)
            self.highest = max(self.highest, self.nbytes)

    @property
    def nbytes(self) -> int:
        """Bytes of the live arrays."""
        return sum(array.nbytes for array in self.live)

    def _judge(self, step: int, growth: int, act: Callable[[], None], place: str) -> None:
        due = growth > 0 and self.nbytes + growth > min(self.budgets)
        try:
            act()
        except MemoryError as error:
            if not due:
                self.faults.append(f"step {step}: {growth} bytes were refused at {self.nbytes} of {self.budgets}")
            self.refused += due
            innermost = traceback.extract_tb(error.__traceback__)[-1]
            if (innermost.name, innermost.filename) != (place, __file__):
                self.faults.append(f"step {step}: refused at {innermost.name}, and asked in {place}")
        else:
            if due:
                self.faults.append(f"step {step}: {growth} bytes were allowed at {self.nbytes} of {self.budgets}")
