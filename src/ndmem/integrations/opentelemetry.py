"""Export the memory of arrays by OpenTelemetry.

>>> import ndmem
>>> from ndmem.integrations.opentelemetry import observe
>>> run = ndmem.track(continuous=True).start()
>>> observe(run)
>>> _ = run.stop()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ndmem.api import INSTRUMENTS, InstrumentKind, MetricsReader
from ndmem.errors import MissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry.metrics import CallbackOptions, Meter, Observation

    from ndmem.api import Instrument, Metrics, TrackedRun

__all__ = ["observe"]


def observe(run: TrackedRun, meter: Meter | None = None, *, sites: int = 20) -> None:
    """Create observable gauges and counters for a recording; call it once for each meter.

    Figures are read when metrics are collected. In a process that the recording does not run in, such as a forked
    child, ``ndmem.recording.running`` is 0 and the metrics of arrays and native memory are not observed.

    Parameters
    ----------
    run : TrackedRun
        From ``ndmem.track(continuous=True)``; it may be started before or after.
    meter : Meter, optional
        Default: that of the global meter provider, by the name ``"ndmem"``.
    sites : int
        Lines with an attribute ``site`` of their own, 1 to 1000; all others are ``site="other"``.

    Raises
    ------
    MissingError
        If opentelemetry-api is not installed.
    OptionError
        If it is not such a run, or not such a number.
    """
    try:
        from opentelemetry import metrics
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "opentelemetry":
            raise
        raise MissingError(
            "opentelemetry-api is not installed; install it with: pip install 'ndmem[opentelemetry]'"
        ) from None
    shared = _SharedReading(MetricsReader(run, sites=sites))
    meter = metrics.get_meter("ndmem") if meter is None else meter
    create = {
        InstrumentKind.GAUGE: meter.create_observable_gauge,
        InstrumentKind.COUNTER: meter.create_observable_counter,
    }
    for instrument in INSTRUMENTS:
        callback = _observer(shared, instrument, metrics.Observation)
        create[instrument.kind](
            instrument.name, callbacks=[callback], unit=instrument.unit.value, description=instrument.description
        )


class _SharedReading:
    """One reading for all instruments of a collection: each asks once, and one that asks again begins a new reading."""

    def __init__(self, reader: MetricsReader) -> None:
        self._reader = reader
        self._asked: dict[str, Metrics] = {}

    def take(self, name: str) -> Metrics:
        """Return the figures for an instrument."""
        asked = self._asked
        if name in asked or not asked:
            metrics = self._reader.read()
            self._asked = {name: metrics}
            return metrics
        return asked.setdefault(name, next(iter(asked.values())))


def _observer(
    shared: _SharedReading, instrument: Instrument, observation: Callable[..., Observation]
) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def observe_now(_: Any) -> Iterable[Observation]:
        return [observation(value, labels) for labels, value in instrument.read(shared.take(instrument.name))]

    return observe_now
