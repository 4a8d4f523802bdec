"""The figures of a recording while it runs: what metrics for Prometheus and OpenTelemetry are made of."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import nlargest
from operator import itemgetter
from typing import TYPE_CHECKING

from ndmem.errors import OptionError
from ndmem.platform.limits.machine_limits import limits
from ndmem.platform.own_resident import own_resident_nbytes
from ndmem.results.tracked_run import TrackedRun, recorder_of

from .growth import GrowthWindow
from .site_names import SiteNames

if TYPE_CHECKING:
    from ndmem.tracking.recorder import Recorder, Tally

MOST_SITES = 1000
"""More labels than this are more than a server of metrics should keep for one process."""


@dataclass(frozen=True, slots=True)
class ArrayMetrics:
    """Arrays that were allocated since the recording began.

    Attributes
    ----------
    live_nbytes, peak_nbytes : int
        Live bytes now, and the highest so far.
    count : int
        Live arrays.
    total_nbytes, total_count : int
        Bytes and number of all arrays that were allocated.
    growth_nbytes_per_s : float or None
        Bytes per second by which live bytes grew in the last minute; ``None`` in the first 10 s of reading.
    sites : tuple of (str, int)
        Lines with most live bytes, the largest first: ``"file:line function"``, and bytes.
    other_nbytes : int
        Live bytes of all other lines: with `sites` they sum to `live_nbytes`.
    """

    live_nbytes: int
    peak_nbytes: int
    count: int
    total_nbytes: int
    total_count: int
    growth_nbytes_per_s: float | None
    sites: tuple[tuple[str, int], ...]
    other_nbytes: int


@dataclass(frozen=True, slots=True)
class NativeMetrics:
    """Native blocks that were allocated since the recording began.

    Attributes
    ----------
    live_nbytes, peak_nbytes : int
        Live bytes now, and the highest so far.
    """

    live_nbytes: int
    peak_nbytes: int


@dataclass(frozen=True, slots=True)
class Metrics:
    """The figures of one moment.

    Attributes
    ----------
    arrays : ArrayMetrics or None
        ``None`` if the recording does not run in this process: before its start, after its stop, and in a forked child.
    native : NativeMetrics or None
        ``None`` also where native memory is not watched.
    resident_nbytes : int or None
        Resident memory of this process; ``None`` where the system does not say it.
    limit_nbytes, free_nbytes : int or None
        The limit that binds this process first, and what is free below it; ``None`` if no limit is known.
    """

    arrays: ArrayMetrics | None
    native: NativeMetrics | None
    resident_nbytes: int | None
    limit_nbytes: int | None
    free_nbytes: int | None


class MetricsReader:
    """Reads the figures of a recording while it runs, from any thread, in about a millisecond.

    Parameters
    ----------
    run : TrackedRun
        From ``ndmem.track(continuous=True)``. It may be started, stopped and started again at any time.
    sites : int
        Lines with a figure of their own, 1 to 1000.

    Raises
    ------
    OptionError
        If it is not such a run, or not such a number.

    Examples
    --------
    >>> import ndmem, numpy as np
    >>> with ndmem.track(continuous=True) as run:
    ...     reader = MetricsReader(run)
    ...     table = np.ones(1000)
    ...     reader.read().arrays.live_nbytes
    8000
    """

    def __init__(self, run: TrackedRun, *, sites: int = 20) -> None:
        if not isinstance(run, TrackedRun):
            raise OptionError(
                f"{type(run).__name__} is not a recording; pass the result of ndmem.track(continuous=True)"
            )
        if type(sites) is not int or not 1 <= sites <= MOST_SITES:
            raise OptionError(f"sites must be an integer from 1 to {MOST_SITES}, not {sites!r:.40}")
        self._run, self._sites = run, sites
        self._reading: _Reading | None = None

    def read(self) -> Metrics:
        """Return the figures of this moment; those of arrays and native blocks are of one and the same moment."""
        recorder = recorder_of(self._run)
        tally = recorder.tally() if recorder is not None and recorder.running else None
        binding = limits().binding
        return Metrics(
            arrays=None if recorder is None or tally is None else self._read_arrays(recorder, tally),
            native=_read_native(tally),
            resident_nbytes=own_resident_nbytes(),
            limit_nbytes=None if binding is None else binding.nbytes,
            free_nbytes=None if binding is None else binding.free,
        )

    def _read_arrays(self, recorder: Recorder, tally: Tally) -> ArrayMetrics:
        reading = self._reading
        if reading is None or reading.recorder is not recorder:  # the run was started again
            reading = self._reading = _Reading(recorder, SiteNames(recorder), GrowthWindow())
        sites = nlargest(self._sites, reading.names.add_up(tally.by_node), key=itemgetter(1))
        return ArrayMetrics(
            live_nbytes=tally.live,
            peak_nbytes=tally.peak,
            count=tally.count,
            total_nbytes=tally.total,
            total_count=tally.total_count,
            growth_nbytes_per_s=reading.growth.add(tally.live),
            sites=tuple(sites),
            other_nbytes=tally.live - sum(nbytes for _, nbytes in sites),
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is kept between two readings of a recording."""

    recorder: Recorder
    names: SiteNames
    growth: GrowthWindow


def _read_native(tally: Tally | None) -> NativeMetrics | None:
    if tally is None or tally.native_live is None or tally.native_peak is None:
        return None
    return NativeMetrics(tally.native_live, tally.native_peak)
