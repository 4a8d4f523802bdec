"""Export the memory of arrays to Prometheus.

>>> import ndmem, prometheus_client
>>> from ndmem.integrations.prometheus import Collector
>>> run = ndmem.track(continuous=True).start()
>>> registry = prometheus_client.CollectorRegistry()
>>> registry.register(Collector(run))
>>> registry.get_sample_value("ndmem_recording_running") == 1
True
>>> _ = run.stop()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ndmem.api import INSTRUMENTS, InstrumentKind, InstrumentUnit, MetricsReader
from ndmem.errors import MissingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndmem.api import Instrument, TrackedRun

__all__ = ["Collector"]

_SUFFIXES = {InstrumentUnit.BYTES: "_bytes", InstrumentUnit.BYTES_PER_SECOND: "_bytes_per_second"}


class Collector:
    """A collector for ``prometheus_client``: ``registry.register(Collector(run))``.

    Figures are read when the server scrapes, all of arrays at one moment. In a process that the recording does not run
    in, such as a forked child, ``ndmem_recording_running`` is 0 and the metrics of arrays and native memory are absent.

    Parameters
    ----------
    run : TrackedRun
        From ``ndmem.track(continuous=True)``; it may be started before or after.
    sites : int
        Lines with a series of their own, 1 to 1000; all others are the series ``site="other"``.

    Raises
    ------
    MissingError
        If prometheus_client is not installed.
    OptionError
        If it is not such a run, or not such a number.
    """

    def __init__(self, run: TrackedRun, *, sites: int = 20) -> None:
        try:
            from prometheus_client import core
        except ModuleNotFoundError as error:
            if error.name != "prometheus_client":
                raise
            raise MissingError(
                "prometheus_client is not installed; install it with: pip install 'ndmem[prometheus]'"
            ) from None
        self._families: Any = {
            InstrumentKind.GAUGE: core.GaugeMetricFamily,
            InstrumentKind.COUNTER: core.CounterMetricFamily,
        }
        self._reader = MetricsReader(run, sites=sites)

    def describe(self) -> Iterator[Any]:
        """Yield each metric without values: the registry refuses a second collector with these names."""
        for instrument in INSTRUMENTS:
            yield self._families[instrument.kind](name_metric(instrument), instrument.description)

    def collect(self) -> Iterator[Any]:
        """Yield each metric that was measured with its values now."""
        metrics = self._reader.read()
        for instrument in INSTRUMENTS:
            values = instrument.read(metrics)
            if not values:
                continue
            labels = list(values[0][0])
            family = self._families[instrument.kind](name_metric(instrument), instrument.description, labels=labels)
            for texts, value in values:
                family.add_metric([texts[label] for label in labels], value)
            yield family


def name_metric(instrument: Instrument) -> str:
    """Return the name of a metric in Prometheus, without the ``_total`` of a counter."""
    return instrument.name.replace(".", "_") + _SUFFIXES.get(instrument.unit, "")
