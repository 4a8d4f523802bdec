"""What ndmem promises, beside what was measured."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from interleave import Measurement, Sample
from kernel_list import KERNELS, Group
from profilers import CONTROL, NDMEM, PLAIN
from scale import LargeTrace, LiveArrays


@dataclass(frozen=True, slots=True)
class Bar:
    """One promise: the figure must not exceed the limit; a figure of ``None`` was not measured."""

    promise: str
    limit: float
    figure: float | None

    @property
    def verdict(self) -> str:
        """In words."""
        if self.figure is None:
            return "not measured"
        return "holds" if self.figure <= self.limit else "does not hold"


def find_ratios(
    measured: Sequence[Measurement], quantity: Callable[[Sample], float]
) -> dict[str, dict[str, float | None]]:
    """Divide each profiler's median by the plain run's, for each kernel: ``ratios[profiler][kernel]``."""
    plain = {pair.kernel.name: pair.median(quantity) for pair in measured if pair.profiler.name == PLAIN.name}
    ratios: dict[str, dict[str, float | None]] = {}
    for pair in measured:
        median, base = pair.median(quantity), plain[pair.kernel.name]
        ratio = None if median is None or not base else median / base
        ratios.setdefault(pair.profiler.name, {})[pair.kernel.name] = ratio
    return ratios


def hold_bars(measured: Sequence[Measurement], live: Sequence[LiveArrays], trace: LargeTrace) -> list[Bar]:
    """Put every promise beside its figure."""
    inside = find_ratios(measured, lambda sample: sample.inside_cpu_s)
    whole = find_ratios(measured, lambda sample: sample.whole_wall_s).get(NDMEM.name, {})

    def median_of(ratios: dict[str, float | None], *groups: Group) -> float | None:
        known = _find_all(ratios, *groups)
        return statistics.median(known) if known else None

    ours = inside.get(NDMEM.name, {})
    steps = [trace.steps[step] for step in ("load", "report text") if step in trace.steps]
    complete = trace.problem is None and bool(steps)
    large, tiny = median_of(ours, Group.LARGE), median_of(ours, Group.ADD_3)
    whole_median = median_of(whole, Group.LARGE, Group.SMALL)
    noise = find_noise(inside)
    dearer = {
        f"{peer}{'' if by == 0 else ' by more than the noise'}": _count_dearer(ours, inside.get(peer, {}), by=by)
        for peer in ("memray", "fil")
        for by in ([0.0] if noise is None else [0.0, noise])
    }
    return [
        Bar("CPU inside, arrays of 64 KiB and more, median", 1.02, large),
        Bar("CPU inside, adds of 20 KB", 1.10, median_of(ours, Group.ADD_20KB)),
        Bar("CPU inside, adds of 3 elements", 1.25, tiny),
        Bar("CPU inside, small blocks of malloc's", 1.05, median_of(ours, Group.SMALL_BLOCKS)),
        *(Bar(f"CPU inside, kernels of ten dearer than {peer}", 0, count) for peer, count in dearer.items()),
        Bar("wall of process and report, median of ten", 1.15, whole_median),
        Bar("MiB added by 1 million live small arrays", 64, _find_added_mib(live)),
        Bar("bytes of trace file an event", 32, _divide(trace.file_nbytes, trace.events)),
        Bar("seconds to load, or report, 5 million events", 10, max(s for s, _ in steps) if complete else None),
        Bar("MiB resident for that", 1024, max(n for _, n in steps) / 2**20 if complete else None),
    ]


def _find_all(ratios: dict[str, float | None], *groups: Group) -> list[float]:
    """Return the ratios of all kernels of the groups, or none: a part of them would be another promise."""
    chosen = [ratios.get(kernel.name) for kernel in KERNELS if kernel.group in groups]
    known = [ratio for ratio in chosen if ratio is not None]
    return known if len(known) == len(chosen) else []


def find_noise(ratios: dict[str, dict[str, float | None]]) -> float | None:
    """Return how far the second plain run is from the first at most; ``None`` if it was not made."""
    apart = [abs(ratio - 1) for ratio in ratios.get(CONTROL.name, {}).values() if ratio is not None]
    return max(apart, default=None)


def _count_dearer(ours: dict[str, float | None], theirs: dict[str, float | None], *, by: float) -> float | None:
    mine, others = (_find_all(ratios, Group.LARGE, Group.SMALL) for ratios in (ours, theirs))
    if not mine or not others:
        return None
    return sum(our_ratio > their_ratio + by for our_ratio, their_ratio in zip(mine, others, strict=True))


def _find_added_mib(live: Sequence[LiveArrays]) -> float | None:
    resident = {each.profiler.name: each.median_rss_nbytes for each in live}
    plain, tracked = resident.get(PLAIN.name), resident.get(NDMEM.name)
    return None if plain is None or tracked is None else (tracked - plain) / 2**20


def _divide(total: int | None, count: int | None) -> float | None:
    return None if total is None or not count else total / count
