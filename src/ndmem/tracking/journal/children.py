"""The journals of a run's children: read them beside the run's own file, and clean them up when the run has ended."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.errors import TraceError
from ndmem.model.family import Begun, Family, Kin, Member, make_family
from ndmem.steps import Step, begin, listen
from ndmem.tracking.agent.children_folder import MOST_JOURNALS, ChildrenFolder, folder_of, is_worth_keeping
from ndmem.tracking.journal.file.blocks import DAMAGE, complete_journal, give_back_zeros
from ndmem.tracking.journal.file.header import STOPPED
from ndmem.tracking.journal.file.reader import read_journal

from .assemble import assemble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ndmem.model.trace import Trace
    from ndmem.tracking.journal.file.records import Journal

    _Endings = Mapping[int, list[tuple[int, int]]]

# Tolerance between clock readings of two processes.
_CLOCK_STEP_NS = 10_000_000


def read_family(path: str | os.PathLike[str], trace: Trace) -> Family:
    """Read the children of a run, with a note for each that is missing or damaged.

    Parameters
    ----------
    path : path
        The run's own file.
    trace : Trace
        The trace in that file.
    """
    begin(Step.CHILDREN)
    folder = folder_of(os.fspath(path))
    with listen(None):  # each child repeats the steps of the program
        return _gather(trace, folder, [*_read_each(folder, trace)])


def _read_each(folder: ChildrenFolder, program: Trace) -> Iterator[tuple[Path, Member | Exception]]:
    """Yield each child's journal with its member of the family, or with the error that reading it raised."""
    endings = folder.read_endings()
    for place in map(Path, folder.list_journals()):
        try:
            yield place, _read_member(place, endings, program)
        except (TraceError, OSError, *DAMAGE) as error:  # becomes a note
            yield place, error


def _gather(program: Trace, folder: ChildrenFolder, found: Iterable[tuple[Path, Member | Exception]]) -> Family:
    members, notes, foreign = [], [], 0
    for place, member in found:
        if isinstance(member, Exception):
            notes.append(f"The record of a child process, {place.name}, cannot be read: {member}.")
        elif member.kin.ancestors[:1] != (program.run.pid,):
            foreign += 1
        elif _is_significant(member.trace):
            members.append(member)
    # The program may have replaced itself by one of them (exec).
    replaced = any(member.kin.ancestors[-1] == program.run.pid == member.trace.run.pid for member in members)
    members.append(Member(program, _kin_of_program(program, replaced=replaced)))
    return make_family(members, [*notes, *_describe_missing(folder.count_unrecorded(), foreign)])


def _kin_of_program(trace: Trace, *, replaced: bool) -> Kin:
    """Return the program's own place in the family; its end is known if it ended by itself."""
    run = trace.run
    came_to_end = run.exit_status is not None and run.exit_status >= 0
    return Kin(replaced=replaced, ended=run.started + run.duration_s if replaced or came_to_end else None)


def _describe_missing(unrecorded: int, foreign: int) -> list[str]:
    notes = []
    if unrecorded:
        notes.append(
            f"{unrecorded:,} child process{'es were' if unrecorded > 1 else ' was'} not recorded: there were "
            f"{MOST_JOURNALS:,} already. The peak of all processes covers those that are shown."
        )
    if foreign:
        notes.append(f"{foreign:,} file{'s' if foreign > 1 else ''} beside this run belong to another one.")
    return notes


def _read_member(place: Path, endings: _Endings, program: Trace) -> Member:
    """Read one child.

    Raises
    ------
    TraceError, OSError, or one of `DAMAGE`
        If it cannot be read.
    """
    journal = read_journal(place)
    about = journal.meta["process"]
    ending = _find_ending(endings, journal)
    if ending is not None:
        journal.meta["exit_status"] = ending[0]
    elif int(journal.header["pid"]) == program.run.pid:  # the program itself, after an exec: the launcher waited for it
        journal.meta["exit_status"] = program.run.exit_status
    journal.meta.update(packages=program.run.packages, program_packages=program.run.program_packages)
    trace = assemble(journal)
    # The time that the process itself recorded is better than that of its parent, which may have waited much later.
    replaced = about["replaced"] is True
    stopped = replaced or int(journal.header["state"]) == STOPPED
    ended = trace.run.started + trace.run.duration_s if stopped else None if ending is None else ending[1] / 1e9
    kin = Kin(
        begun=Begun(about["begun"]),
        ancestors=tuple(map(int, about["ancestors"])),
        name=None if about["name"] is None else str(about["name"]),
        inherited_nbytes=int(about["inherited_nbytes"]),
        replaced=replaced,
        ended=ended,
    )
    return Member(trace, kin)


def _find_ending(endings: _Endings, journal: Journal) -> tuple[int, int] | None:
    """Return status and time of the first ending of a process after it began: its id may have been reused."""
    started_ns = int(journal.header["started_ns"]) - _CLOCK_STEP_NS
    later = [each for each in endings.get(int(journal.header["pid"]), ()) if each[1] >= started_ns]
    return min(later, key=lambda each: each[1], default=None)


def _is_significant(trace: Trace) -> bool:
    return is_worth_keeping(trace.peak.nbytes, 0 if trace.native is None else trace.native.nbytes)


def settle_children(path: Path, program: Trace) -> Family:
    """Complete or delete the journals of a run's children when it has ended, and return the run's processes.

    Journals without significant memory are deleted; the present sources are added to the others. Journals of processes
    that still run are left unchanged.
    """
    folder = folder_of(os.fspath(path))
    found = [*_read_each(folder, program)]
    for place, member in found:
        if not isinstance(member, Exception) and not _is_alive(member.trace.run.pid):
            with contextlib.suppress(OSError):
                _settle(place, member.trace)
    folder.remove_if_empty()
    return _gather(program, folder, found)


def _settle(place: Path, trace: Trace) -> None:
    if _is_significant(trace):
        complete_journal(place, {"exit_status": trace.run.exit_status, "sources": dict(trace.sources)})
        give_back_zeros(place)
    else:
        place.unlink()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # of another user
        return True
    return True
