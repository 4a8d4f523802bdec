"""What ``ndmem run`` prints as one rank of a parallel job: hundreds of reports at once would help no user."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.tracking.launcher.rank_files import name_all_ranks
from ndmem.units import format_nbytes

from .message import say

if TYPE_CHECKING:
    from ndmem.api import Run
    from ndmem.model.rank import Rank
    from ndmem.tracking.launcher.program import Program

_SENT_BY_LAUNCHERS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE})
"""Signals by which a launcher ends the ranks of a job of which another one has failed."""


def say_end(program: Program, rank: Rank, run: Run | None, *, quiet: bool) -> None:
    """Write one line: rank 0 says where the files are, another rank why it failed, if it is its own failure.

    Parameters
    ----------
    program : Program
        The program that has ended.
    rank : Rank
        Its rank.
    run : Run or None
        Its run; ``None`` if nothing was recorded.
    quiet : bool
        Write nothing.
    """
    if quiet:
        return
    failure = None if run is None else _describe_failure(run)
    if failure is not None:
        say(f"rank {rank.number}: {failure}; its file: {program.output.path.name}")
    if rank.number:
        return
    of = "" if rank.size is None else f" of {rank.size:,}"
    peak = "no arrays" if run is None else f"peak {format_nbytes(run.peak)}"
    files = name_all_ranks(program.output.path, rank, folder=Path.cwd())
    say(f"rank 0{of}: {peak}; each rank writes a file of its own; for one report of all: ndmem report {files}")


def _describe_failure(run: Run) -> str | None:
    """Write why the program of a rank failed; ``None`` if it did not, or another rank may be the reason."""
    from ndmem.api import index_of  # after the launch, which they would delay
    from ndmem.reporting.sentences.ending import ending_sentence

    ended = run.trace.run
    status = ended.exit_status or 0
    if ended.refusal is None and (status >= 0 or -status in _SENT_BY_LAUNCHERS):
        return None
    return ending_sentence(index_of(run))
