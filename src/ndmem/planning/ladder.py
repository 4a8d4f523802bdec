"""Measurements of a function on a line of sizes, within a budget."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ndmem.errors import PredictionError

from .arguments import Arguments
from .child import Child, ChildTimeoutError
from .constants import Code
from .estimate import estimate
from .fit import grow
from .line import Line
from .match import Places, Point
from .request import Answer, Ask, Request
from .samples import Sample
from .work import Meter


class FunctionFailedError(PredictionError):
    """The function raised an error at every size that could be tried."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What measuring may cost.

    Attributes
    ----------
    seconds : float
        For all of it.
    memory : int
        Bytes that one run may take.
    """

    seconds: float
    memory: int


@dataclass(slots=True)
class Ladder:
    """Measures a function on a line of sizes.

    Attributes
    ----------
    line, arguments, meter, child, budget, progress
        What is measured, where, with what, and what it may cost.
    places : Places
        Of all runs.
    started : float
        When the first measurement could begin, by `time.monotonic`.
    refused : set of str
        What the sandbox refused in any of them.
    times : list of (lengths, seconds)
        What runs on the line took.
    patience : float
        Seconds after which a run is ended.
    first_extra : int
        Bytes that the very first call took, or kept, beyond what the second did.
    codes : dict of int to Code
        What ran, by the point of the line where it was examined.
    """

    line: Line
    arguments: Arguments
    meter: Meter
    child: Child
    budget: Budget
    progress: Callable[[str], None]
    places: Places = field(default_factory=Places)
    started: float = field(default_factory=time.monotonic)
    refused: set[str] = field(default_factory=set)
    times: list[tuple[dict[str, int], float]] = field(default_factory=list)
    patience: float = math.inf
    first_extra: int = 0
    codes: dict[int, Code] = field(default_factory=dict)

    def spent(self) -> float:
        """Return the seconds that were spent."""
        return time.monotonic() - self.started

    def left(self) -> float:
        """Return the seconds that are left."""
        return self.budget.seconds - self.spent()

    def measure(self, t: int) -> Point:
        """Measure at a point of the line.

        Raises
        ------
        PredictionError
            If the function fails there, or takes too long.
        """
        return self.measure_at(self.line.at(t), t=t)

    def examine(self, t: int) -> Code:
        """Look at the code that runs at a point of the line, once."""
        if t not in self.codes:
            self.codes[t] = self.ask(Request(self.line.at(t), ask=Ask.EXAMINE)).code
        return self.codes[t]

    def measure_at(self, lengths: Mapping[str, int], *, t: int = -1, sample: Sample = Sample.FIRST) -> Point:
        """Measure at any lengths."""
        self.progress(", ".join(f"{name}={length:,}" for name, length in lengths.items()))
        answer = self.ask(Request(dict(lengths), sample))
        if t >= 0 and not answer.is_cut:
            self.times.append((dict(lengths), answer.seconds))
        run = self.meter.read(answer.parts)
        return Point(
            t=t,
            run=run,
            place=self.places.number(run)[run.node],
            seconds=answer.seconds,
            inputs_nbytes=answer.inputs_nbytes,
            parts=answer.parts,
            lengths=dict(lengths),
            by_operator=self.places.mark_operators(run)[run.node],
            is_cut=answer.is_cut,
        )

    def ask(self, request: Request) -> Answer:
        """Ask the child, and raise what the function raised."""
        size = ", ".join(f"{name}={length:,}" for name, length in request.lengths.items())
        try:
            answer = self.child.ask(replace(request, patience=self.patience), max(self.left(), 0.1))
        except ChildTimeoutError:
            raise ChildTimeoutError(
                f"it did not return within {self.budget.seconds:g} s, for all measurements together, at {size}; pass "
                "timeout= to allow more"
            ) from None
        self.refused.update(answer.refused)
        if answer.error:
            raise FunctionFailedError(_explain(answer, size, self.budget.memory))
        return answer

    def needs(self, t: int, points: Sequence[Point] = ()) -> int:
        """Return the bytes that a run there will take, as far as is known; samples are made of copies."""
        if not points:
            return 3 * (self.arguments.nbytes(self.line.at(t)) or 0)
        return 2 * self.inputs_at(t, points) + estimate(self.line, points, t).high

    def inputs_at(self, t: int, points: Sequence[Point]) -> int:
        """Return the bytes of the arguments there; where only making them tells, as they grew from run to run."""
        known = self.arguments.nbytes(self.line.at(t))
        if known is not None:
            return known
        made = np.array([[point.inputs_nbytes or 0] for point in points], np.int64)
        return int(grow(self.line, [point.t for point in points], made, t).nbytes[0])


def _explain(answer: Answer, size: str, memory: int) -> str:
    """Say what happened, where, and what to do."""
    if answer.refused:
        return (
            f"the function {answer.refused[0]}, which a dry run may not; pass sandbox=False if that does no harm, or "
            "predict the part that computes"
        )
    at = f" at {answer.where}" if answer.where else ""
    if answer.is_memory:
        return f"it needs more than {memory // 2**20} MiB already where {size}{at}; pass memory='4 GiB' to allow more"
    return (
        f"it fails at small sizes ({size}){at}: {answer.error}; pass make= for arguments that fit together, or like= "
        "for values that it can work with"
    )
