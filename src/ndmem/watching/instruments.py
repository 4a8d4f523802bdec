"""The metrics that are exported: names, units and descriptions, for any system of metrics."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .site_names import OTHER

if TYPE_CHECKING:
    from collections.abc import Callable

    from .metrics import ArrayMetrics, Metrics

    Values = list[tuple[dict[str, str], float]]


class InstrumentUnit(enum.Enum):
    """Unit of a metric, as OpenTelemetry writes it (UCUM)."""

    BYTES = "By"
    BYTES_PER_SECOND = "By/s"
    ARRAYS = "{array}"
    NONE = ""


class InstrumentKind(enum.Enum):
    """How a metric behaves over time."""

    GAUGE = "gauge"
    COUNTER = "counter"


@dataclass(frozen=True, slots=True)
class Instrument:
    """One metric.

    Attributes
    ----------
    name : str
        With dots, without the unit: ``"ndmem.array.live"``.
    unit : InstrumentUnit
        Of its values.
    kind : InstrumentKind
        Gauge or counter.
    description : str
        What it measures.
    read : callable
        Returns the values with their labels; none for what was not measured.
    """

    name: str
    unit: InstrumentUnit
    kind: InstrumentKind
    description: str
    read: Callable[[Metrics], Values]


def _value(read: Callable[[Metrics], float | None]) -> Callable[[Metrics], Values]:
    def values(metrics: Metrics) -> Values:
        value = read(metrics)
        return [] if value is None else [({}, value)]

    return values


def _of_arrays(read: Callable[[ArrayMetrics], float | None]) -> Callable[[Metrics], Values]:
    return _value(lambda metrics: None if metrics.arrays is None else read(metrics.arrays))


def _list_sites(metrics: Metrics) -> Values:
    arrays = metrics.arrays
    if arrays is None:
        return []
    return [({"site": site}, nbytes) for site, nbytes in (*arrays.sites, (OTHER, arrays.other_nbytes))]


INSTRUMENTS = (
    Instrument(
        "ndmem.recording.running",
        InstrumentUnit.NONE,
        InstrumentKind.GAUGE,
        "1 while ndmem records in this process, else 0: then metrics of arrays and native memory are absent.",
        _value(lambda metrics: int(metrics.arrays is not None)),
    ),
    Instrument(
        "ndmem.array.live",
        InstrumentUnit.BYTES,
        InstrumentKind.GAUGE,
        "Live bytes of NumPy arrays that were allocated since the recording began.",
        _of_arrays(lambda arrays: arrays.live_nbytes),
    ),
    Instrument(
        "ndmem.array.peak",
        InstrumentUnit.BYTES,
        InstrumentKind.GAUGE,
        "Highest live bytes of NumPy arrays since the recording began.",
        _of_arrays(lambda arrays: arrays.peak_nbytes),
    ),
    Instrument(
        "ndmem.live_arrays",
        InstrumentUnit.ARRAYS,
        InstrumentKind.GAUGE,
        "Live buffers of NumPy arrays that were allocated since the recording began.",
        _of_arrays(lambda arrays: arrays.count),
    ),
    Instrument(
        "ndmem.array.allocated",
        InstrumentUnit.BYTES,
        InstrumentKind.COUNTER,
        "Bytes of all NumPy arrays that were allocated since the recording began.",
        _of_arrays(lambda arrays: arrays.total_nbytes),
    ),
    Instrument(
        "ndmem.allocated_arrays",
        InstrumentUnit.ARRAYS,
        InstrumentKind.COUNTER,
        "Buffers of all NumPy arrays that were allocated since the recording began.",
        _of_arrays(lambda arrays: arrays.total_count),
    ),
    Instrument(
        "ndmem.array.growth",
        InstrumentUnit.BYTES_PER_SECOND,
        InstrumentKind.GAUGE,
        "Growth of the live bytes of NumPy arrays over the last minute.",
        _of_arrays(lambda arrays: arrays.growth_nbytes_per_s),
    ),
    Instrument(
        "ndmem.site.live",
        InstrumentUnit.BYTES,
        InstrumentKind.GAUGE,
        "Live bytes of NumPy arrays by the line that allocated them; all lines sum to the live bytes of arrays.",
        _list_sites,
    ),
    Instrument(
        "ndmem.native.live",
        InstrumentUnit.BYTES,
        InstrumentKind.GAUGE,
        "Live bytes of native blocks that were allocated since the recording began.",
        _value(lambda metrics: None if metrics.native is None else metrics.native.live_nbytes),
    ),
    Instrument(
        "ndmem.native.peak",
        InstrumentUnit.BYTES,
        InstrumentKind.GAUGE,
        "Highest live bytes of native blocks since the recording began.",
        _value(lambda metrics: None if metrics.native is None else metrics.native.peak_nbytes),
    ),
    Instrument(
        "ndmem.resident",
        InstrumentUnit.BYTES,
        InstrumentKind.GAUGE,
        "Resident memory of the process.",
        _value(lambda metrics: metrics.resident_nbytes),
    ),
    Instrument(
        "ndmem.limit",
        InstrumentUnit.BYTES,
        InstrumentKind.GAUGE,
        "The memory limit that binds the process first.",
        _value(lambda metrics: metrics.limit_nbytes),
    ),
    Instrument(
        "ndmem.limit.free",
        InstrumentUnit.BYTES,
        InstrumentKind.GAUGE,
        "Bytes that are free below the memory limit that binds the process first.",
        _value(lambda metrics: metrics.free_nbytes),
    ),
)
