"""What a view of a prediction reads; a lower layer may not import `Prediction` itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.analysis.tables.lines import Line
    from ndmem.model.trace import Trace
    from ndmem.planning.confidence import Confidence
    from ndmem.platform.limits.fit import Fit


class Labelled(Protocol):
    """What the label of a prediction is written from."""

    @property
    def peak(self) -> int:
        """Highest live bytes of arrays above the arguments."""

    @property
    def confidence(self) -> Confidence:
        """Label of the prediction."""

    @property
    def interval(self) -> tuple[int, int]:
        """Interval of the peak."""

    @property
    def factor(self) -> float:
        """How many times longer the real dimensions are than those of the largest run."""


class Predicted(Labelled, Protocol):
    """A prediction to show."""

    @property
    def trace(self) -> Trace:
        """The predicted run."""

    @property
    def inputs(self) -> int:
        """Bytes of the arguments' arrays."""

    @property
    def native(self) -> int | None:
        """Bytes of native memory; ``None`` if unknown."""

    @property
    def native_reason(self) -> str:
        """Why native memory is unknown."""

    @property
    def total(self) -> int:
        """Bytes of arguments, arrays and native memory."""

    @property
    def nbytes(self) -> int:
        """Bytes needed in addition to the arguments that exist."""

    @property
    def not_examined(self) -> tuple[str, ...]:
        """What no run looked at."""

    @property
    def reason(self) -> str:
        """Why the label is no better."""

    @property
    def seconds(self) -> float | None:
        """Estimated duration of the call."""

    @property
    def seconds_interval(self) -> tuple[float, float] | None:
        """Shortest and longest duration of the call."""

    @property
    def dims(self) -> dict[str, int]:
        """Length of each dimension."""

    def fits(self, budget: int | str | None = None) -> Fit:
        """Tell whether it fits into a budget."""

    def max(self, dim: str, *, budget: int | str | None = None) -> int:
        """Return the greatest length of a dimension within a budget."""

    def lines(self, *, library: bool = False) -> Sequence[Line]:
        """Return the line table."""
