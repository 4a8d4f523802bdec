"""What is known about a predicted call: its figures, their label, and what they are based on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.planning.confidence import Confidence
from ndmem.reporting.label import describe_confidence
from ndmem.results.run import Run

if TYPE_CHECKING:
    from ndmem.planning.arguments.arguments import Arguments
    from ndmem.planning.forecast import Forecast


class PredictedFigures(Run):
    """A run with a predicted trace, and the figures of the prediction."""

    def __init__(self, forecast: Forecast, arguments: Arguments) -> None:
        super().__init__(forecast.trace)
        self._forecast = forecast
        self._arguments = arguments

    @property
    def peak(self) -> int:
        """Highest live bytes of arrays above the arguments; the result counts."""
        return self._forecast.nbytes

    @property
    def inputs(self) -> int:
        """Bytes of the arguments' arrays."""
        return self._forecast.inputs_nbytes

    @property
    def native(self) -> int | None:
        """Bytes in RAM beyond the arrays, at the peak of both; ``None`` if unknown."""
        return self._forecast.native.nbytes

    @property
    def native_reason(self) -> str:
        """Why native memory is unknown; empty if it is known."""
        return self._forecast.native.why

    @property
    def total(self) -> int:
        """Bytes of arguments, arrays and, if known, native memory together."""
        return self.peak + self.inputs + (self.native or 0)

    @property
    def nbytes(self) -> int:
        """Bytes needed in addition: `total` without the arguments that exist already."""
        return self.total - self._arguments.present_nbytes()

    @property
    def confidence(self) -> Confidence:
        """Label of `peak`."""
        return self._forecast.confidence

    @property
    def interval(self) -> tuple[int, int]:
        """Lowest and highest bytes of the peak."""
        return self._forecast.low, self._forecast.high

    @property
    def reason(self) -> str:
        """Why the label is no better, and which sizes the time limit left unmeasured; may be empty."""
        return self._forecast.reason

    @property
    def is_rough(self) -> bool:
        """Whether the label is rough: the peak may be far off, for the reason given."""
        return self.confidence is Confidence.ROUGH

    @property
    def label(self) -> str:
        """The label in words, with the factor or the interval: ``extrapolated ×76, all sizes fit exactly``."""
        return describe_confidence(self)

    @property
    def factor(self) -> float:
        """How many times longer the real dimensions are than those of the largest run; 1 if the real size ran."""
        return self._forecast.factor

    @property
    def largest(self) -> dict[str, int]:
        """The length of each dimension in the largest run."""
        return self._forecast.largest

    @property
    def not_examined(self) -> tuple[str, ...]:
        """What no run looked at, each as a text; empty if the real size ran or was verified."""
        return self._forecast.not_examined

    @property
    def seconds(self) -> float | None:
        """Estimated duration of the call; ``None`` if a rough answer, or runs too small, cannot tell."""
        return self._forecast.seconds

    @property
    def seconds_interval(self) -> tuple[float, float] | None:
        """Shortest and longest duration of the call; ``None`` where `seconds` is."""
        return self._forecast.seconds_interval

    @property
    def ghost(self) -> int | None:
        """Highest memory of the ghost run of `verify` in RAM (Pss), in bytes; ``None`` without one."""
        return self._forecast.ghost_nbytes

    @property
    def dims(self) -> dict[str, int]:
        """The length of each dimension."""
        return dict(self._arguments.lengths)
