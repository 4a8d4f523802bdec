"""Ranks of a parallel job, and the memory that it asked for, as JSON; ``docs/reference/json.md`` defines each field."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ndmem.analysis.ranks.request import compare_request

from .sites import site_fields

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.analysis.ranks.figures import RankFigures
    from ndmem.analysis.ranks.job import Job


def job_fields(index: TraceIndex) -> dict[str, Any]:
    """Return the fields ``rank``, ``request`` and ``job`` of a report."""
    rank = index.trace.run.rank
    return {
        "rank": None if rank is None else asdict(rank),
        "request": _request_fields(index),
        "job": None if index.job is None else _describe_job(index.job),
    }


def _request_fields(index: TraceIndex) -> dict[str, Any] | None:
    found = compare_request(index)
    if found is None:
        return None
    return {
        **asdict(found.request),
        "nbytes": found.request.nbytes,
        "used_nbytes": found.used_nbytes,
        "host": found.host,
        "is_part": found.is_part,
        "enough_nbytes": found.enough_nbytes,
        "enough_each_nbytes": found.enough_each_nbytes,
    }


def _describe_job(job: Job) -> dict[str, Any]:
    return {
        "name": job.name,
        "size": job.size,
        "missing": list(job.missing),
        "leader": job.leader.rank.number,
        "peak_nbytes_sum": job.peak_nbytes_sum,
        "peak_nbytes_median": job.median_nbytes,
        "hosts": [asdict(host) for host in job.hosts()],
        "ranks": [_rank_fields(each) for each in job.ranks],
        "lines": [asdict(line) for line in job.lines()],
        "notes": list(job.notes),
    }


def _rank_fields(figures: RankFigures) -> dict[str, Any]:
    site = figures.peak_site
    return {
        "rank": figures.rank.number,
        "host": figures.rank.host,
        "file": figures.file,
        "pid": figures.pid,
        "processes": figures.processes,
        "ended": figures.ended,
        "exit_status": figures.exit_status,
        "peak_nbytes": figures.peak_nbytes,
        "peak_site": None if site is None else site_fields(site),
        "total_peak_nbytes": figures.total_peak_nbytes,
        "rss_peak_nbytes": figures.rss_peak_nbytes,
        "live_nbytes_at_end": figures.live_nbytes_at_end,
    }
