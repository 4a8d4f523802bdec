"""Names of the files of a job's ranks: one for each rank, on a folder that all of them may share."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from ndmem.platform.ranks import find_rank

if TYPE_CHECKING:
    from pathlib import Path

    from ndmem.model.rank import Rank


def find_one_of_several() -> Rank | None:
    """Return the rank of this process in a parallel job; ``None`` if it is the only one, or of no such job."""
    rank = find_rank()
    return rank if rank is not None and rank.is_one_of_several else None


def path_for_rank(path: Path, rank: Rank | None) -> Path:
    """Return the path that a rank writes to, where the user named one for all: ``run.ndmem`` → ``run.rank-0003.ndmem``.

    Without a rank it is the user's own path.
    """
    return path if rank is None else path.with_name(f"{path.stem}.{rank.label}{path.suffix}")


def name_file(name: str, rank: Rank | None, pid: int) -> str:
    """Return the name of a run's file without its suffix: of a program, and of its job and rank or of its process.

    Process ids are unique on one machine; ranks, on all machines of a job.
    """
    if rank is None:
        return f"ndmem-{_plain(name)}.{pid}"
    job = "" if rank.job is None else f".{_plain(rank.job)}"
    return f"ndmem-{_plain(name)}{job}.{rank.label}"


def name_all_ranks(path: Path, rank: Rank, *, folder: Path) -> str:
    """Return the pattern, for a shell in a folder, of the files of all ranks, of which ``path`` is one."""
    shown = path.relative_to(folder) if path.is_relative_to(folder) else path
    before, found, after = str(shown).rpartition(rank.label)
    return f"{_quote(before)}rank-*{_quote(after)}" if found else shlex.quote(str(shown))


def _quote(text: str) -> str:
    return shlex.quote(text) if text else ""


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name)
