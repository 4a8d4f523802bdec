"""Sentences about the ranks of a parallel job: how far their peaks differ, which are missing or failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.platform.signal_names import name_signal
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ndmem.analysis.ranks.figures import RankFigures
    from ndmem.analysis.ranks.job import HostFigures, Job
    from ndmem.model.rank import Rank

_RANGES = 6
"""Ranges of numbers that a sentence has at most."""


def describe_rank(rank: Rank) -> str:
    """Write which rank a run is: ``Rank 3 of 4 on node07 (Slurm, job 4711.0)``."""
    of = "" if rank.size is None else f" of {rank.size:,}"
    job = "" if rank.job is None else f", job {rank.job}"
    return f"Rank {rank.number:,}{of} on {rank.host} ({rank.launcher}{job})"


def ranks_sentences(job: Job) -> tuple[str, ...]:
    """Write what the ranks had, on which machines, and which of them are missing or failed, each as a sentence."""
    return tuple(filter(None, [_write_peaks(job), _write_hosts(job.hosts()), _write_missing(job), _write_ended(job)]))


def _write_peaks(job: Job) -> str:
    name = "" if job.name is None else f" of job {job.name}"
    if len(job.ranks) == 1:
        return f"One rank{name}, {job.ranks[0].rank.number}, has a file"
    lowest, highest = (
        choose(job.ranks, key=lambda each: (each.peak_nbytes, sign * each.rank.number))
        for choose, sign in ((min, 1), (max, -1))
    )
    peaks = (
        f"all have a peak of {format_nbytes(highest.peak_nbytes)}"
        if lowest.peak_nbytes == highest.peak_nbytes
        else f"their peaks are between {format_nbytes(lowest.peak_nbytes)} (rank {lowest.rank.number:,}) and "
        f"{format_nbytes(highest.peak_nbytes)} (rank {highest.rank.number:,}), with a median of "
        f"{format_nbytes(job.median_nbytes)}"
    )
    return f"{len(job.ranks):,} ranks{name}: {peaks}; their sum is {format_nbytes(job.peak_nbytes_sum)}"


def _write_hosts(hosts: Sequence[HostFigures]) -> str:
    if len(hosts) < 2:
        return ""
    first = hosts[0]
    resident = (
        "" if first.rss_peak_nbytes is None else f" and {format_nbytes(first.rss_peak_nbytes)} of resident memory"
    )
    return (
        f"{len(hosts):,} machines; {first.host} has most: {first.ranks:,} ranks with a sum of "
        f"{format_nbytes(first.peak_nbytes)} of peaks{resident}"
    )


def _write_missing(job: Job) -> str:
    missing = job.missing
    if not missing:
        return ""
    count = f"{len(missing):,} of {job.size:,} ranks {'has' if len(missing) == 1 else 'have'} no file here"
    return f"{count}: {write_numbers(missing)}"


def _write_ended(job: Job) -> str:
    """Write which ranks did not end by themselves, or not with status 0, those that ended alike together."""
    alike: dict[str, list[int]] = {}
    for each in job.ranks:
        text = describe_end(each)
        if text:
            alike.setdefault(text, []).append(each.rank.number)
    return "; ".join(
        f"{'Ranks' if len(numbers) > 1 else 'Rank'} {write_numbers(numbers)}: {text}" for text, numbers in alike.items()
    )


def describe_end(figures: RankFigures) -> str:
    """Write how a rank ended; an empty text if it exited with status 0."""
    status = figures.exit_status
    if status is not None and status < 0:
        return f"killed by {name_signal(-status)}"
    if figures.is_cut:
        return {"running": "still running"}.get(figures.ended or "", "ended unexpectedly")
    return f"exited with status {status}" if status else ""


def write_numbers(numbers: Sequence[int]) -> str:
    """Write ascending numbers, those that follow each other as a range: ``0, 4-7 and 9``."""
    ranges = [*_find_ranges(numbers)]
    texts = [f"{first:,}" if first == last else f"{first:,}-{last:,}" for first, last in ranges]
    if len(texts) > _RANGES:
        return f"{', '.join(texts[:_RANGES])} and others"
    return " and ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))


def _find_ranges(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    first = last = numbers[0]
    for number in numbers[1:]:
        if number != last + 1:
            yield first, last
            first = number
        last = number
    yield first, last
