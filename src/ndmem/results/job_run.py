"""JobRun: the ranks of a parallel job as one run, and how their files are read."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.ranks.figures import describe_rank
from ndmem.analysis.ranks.job import make_job
from ndmem.errors import TraceError
from ndmem.steps import listen
from ndmem.tracking.journal.children import read_family
from ndmem.tracking.journal.load import read_file
from ndmem.tracking.partial import named_by

from .run import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ndmem.analysis.ranks.figures import RankFigures
    from ndmem.analysis.ranks.job import Job
    from ndmem.model.family import Family
    from ndmem.model.trace import Trace

_PATTERNS = ("*.ndmem", "*.ndmem.partial")
_NAMED = 3
"""Files that a message names at most."""


class JobRun(Run):
    """Run of a parallel job: the rank with most memory, with the figures of all ranks.

    Parameters
    ----------
    trace : Trace
        The record of the rank with most memory.
    path : path
        Its file.
    family : Family
        Its processes.
    job : Job
        All ranks.
    """

    def __init__(self, trace: Trace, *, path: Path, family: Family, job: Job) -> None:
        super().__init__(trace, path=path, family=family)
        self._asked = TraceIndex(trace, family=family, job=job)

    @property
    def ranks(self) -> tuple[RankFigures, ...]:
        """The figures of each rank, by number."""
        job = self._index().job
        return () if job is None else job.ranks


def list_runs(folder: Path) -> list[Path]:
    """Return the files of the runs in a folder, also of those that have not ended, by name.

    Raises
    ------
    IsADirectoryError
        If there are none.
    """
    found = {named_by(str(path)) for pattern in _PATTERNS for path in folder.glob(pattern) if path.is_file()}
    if not found:
        problem = "it is a folder without .ndmem files; name a file, or the folder that ndmem run wrote into"
        raise IsADirectoryError(errno.EISDIR, problem, str(folder))
    return sorted(map(Path, found))


def load_job(files: Sequence[Path], *, folder: Path | None, packages: Sequence[str]) -> Run:
    """Read the files of a job's ranks, one after the other: only their figures are kept, and the trace of one rank.

    Parameters
    ----------
    files : sequence of Path
        The files.
    folder : Path or None
        The folder of which these are all files; ``None`` if the user named each.
    packages : sequence of str
        As for `load`.

    Raises
    ------
    TraceError
        If no file can be read, or they are not of one job.
    OSError
        If a file that the user named does not exist, or the only file cannot be read.
    """
    ranks: list[RankFigures] = []
    plain: list[Path] = []
    damaged: dict[Path, TraceError | OSError] = {}
    with listen(None):  # each file repeats the steps of the first
        for file in files:
            try:
                trace = read_file(file, packages=packages)
                if trace.run.rank is None:
                    plain.append(file)
                else:
                    index = TraceIndex(trace, family=read_family(file, trace))
                    ranks.append(describe_rank(index, trace.run.rank, str(file)))
                    index.known.clear()  # facts that lead back to the index would keep the trace until a collection
            except (TraceError, OSError) as error:
                if folder is None and isinstance(error, FileNotFoundError):
                    raise
                damaged[file] = error  # becomes a note
    if not ranks:
        return _load_plain(plain, damaged, folder=folder, packages=packages)
    if plain and folder is None:
        raise TraceError(
            f"{plain[0]} is not the run of a rank of a job, and {ranks[0].file} is; show it alone, or compare them "
            "with: ndmem diff"
        )
    chosen, notes = _choose_job(ranks, folder=folder)
    notes += [f"{file.name} cannot be read: {error}." for file, error in damaged.items()]
    job = make_job(chosen, [*notes, *_describe_doubles(chosen)])
    leader = Path(job.leader.file)
    trace = read_file(leader, packages=packages)
    return JobRun(trace, path=leader, family=read_family(leader, trace), job=job)


def _load_plain(
    plain: Sequence[Path], damaged: dict[Path, TraceError | OSError], *, folder: Path | None, packages: Sequence[str]
) -> Run:
    """Return the only run, which is of no rank.

    Raises
    ------
    TraceError, OSError
        If there are several, or none that can be read.
    """
    if not plain:
        raise next(iter(damaged.values()))
    if len(plain) > 1 or damaged:
        names = ", ".join(str(file) for file in plain[:_NAMED]) + (", …" if len(plain) > _NAMED else "")
        where = "these files" if folder is None else f"the files in {folder}"
        raise TraceError(f"{where} are not of the ranks of one job; name one run of: {names}; compare two: ndmem diff")
    trace = read_file(plain[0], packages=packages)
    return Run(trace, path=plain[0], family=read_family(plain[0], trace))


def _choose_job(ranks: Sequence[RankFigures], *, folder: Path | None) -> tuple[list[RankFigures], list[str]]:
    """Return the ranks of the newest job, and notes on other jobs in the folder.

    Raises
    ------
    TraceError
        If the user named files of several jobs.
    """
    jobs: dict[object, list[RankFigures]] = {}
    for each in ranks:
        jobs.setdefault(_identify_job(each), []).append(each)
    if len(jobs) == 1:
        return list(ranks), []
    if folder is None:
        first, second = (same[0] for same in list(jobs.values())[:2])
        raise TraceError(
            f"{first.file} is of {_name_job(first)}, {second.file} of {_name_job(second)}; name the files of one job, "
            "or compare two ranks with: ndmem diff"
        )
    newest = max(jobs.values(), key=lambda same: max(each.started for each in same))
    others = sorted((same for same in jobs.values() if same is not newest), key=lambda same: same[0].file)
    names = ", ".join(f"{_name_job(same[0])} ({Path(same[0].file).name}, …)" for same in others[:_NAMED])
    more = f" and {len(others) - _NAMED:,} more" if len(others) > _NAMED else ""
    return newest, [
        f"{folder} has files of {len(jobs):,} jobs: this is the newest, {_name_job(newest[0])}; not shown: "
        f"{names}{more}; for another one name its files."
    ]


def _identify_job(figures: RankFigures) -> object:
    """Return what tells a job from others: the launcher's name for it, or else the program."""
    words = figures.program
    program = words[: 2 if words[:1] in {("-m",), ("-c",)} else 1]
    return figures.rank.job or program


def _name_job(figures: RankFigures) -> str:
    name = figures.rank.job
    return f"job {name}" if name is not None else f"program {' '.join(figures.program[:2])}"


def _describe_doubles(ranks: Iterable[RankFigures]) -> list[str]:
    """Describe the files of ranks of which there is a later record."""
    by_number: dict[int, list[RankFigures]] = {}
    for each in ranks:
        by_number.setdefault(each.rank.number, []).append(each)
    notes = []
    for number, same in sorted(by_number.items()):
        if len(same) > 1:
            *older, newest = (Path(each.file).name for each in sorted(same, key=lambda each: (each.started, each.file)))
            notes.append(f"Rank {number} has {len(same)} files: {newest} is shown, {', '.join(older)} began earlier.")
    return notes
