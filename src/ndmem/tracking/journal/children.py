"""The journals of a run's children: put in order when the run has ended, and read beside the run's own file."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.errors import TraceError
from ndmem.model.family import Begun, Family, Kin, Member, make_family
from ndmem.steps import Step, begin, listen

from .assemble import assemble
from .folder import MOST_JOURNALS, ChildrenFolder, folder_of, is_worth_keeping
from .journal import STOPPED, complete_journal, read_journal
from .program import DAMAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ndmem.model.trace import Trace

    from .journal import Journal

    _Endings = Mapping[int, list[tuple[int, int]]]

# Where the kernel's clock was read a moment earlier than its tick says.
_CLOCK_STEP_NS = 10_000_000

_PAGE = 4096


def read_family(path: str | os.PathLike[str], trace: Trace) -> Family:
    """Read the children of a run; one that is missing or damaged is said in a note.

    Parameters
    ----------
    path : path
        The run's own file.
    trace : Trace
        What is in it.
    """
    begin(Step.CHILDREN)
    folder = folder_of(os.fspath(path))
    with listen(None):  # each has the steps of the program again
        return _gather(trace, folder, [*_read_each(folder, trace)])


def _read_each(folder: ChildrenFolder, program: Trace) -> Iterator[tuple[Path, Member | Exception]]:
    """Give each child's journal with what is in it, or with why it cannot be read."""
    endings = folder.read_endings()
    for place in map(Path, folder.list_journals()):
        try:
            yield place, _read_member(place, endings, program)
        except (TraceError, OSError, *DAMAGE) as error:  # noqa: PERF203  # one that is damaged is said, not fatal
            yield place, error


def _gather(program: Trace, folder: ChildrenFolder, found: Iterable[tuple[Path, Member | Exception]]) -> Family:
    members, notes, strangers = [], [], 0
    for place, member in found:
        if isinstance(member, Exception):
            notes.append(f"The record of a child process, {place.name}, cannot be read: {member}.")
        elif member.kin.ancestors[:1] != (program.run.pid,):
            strangers += 1
        elif _matters(member.trace):
            members.append(member)
    # The program may have gone on as one of them.
    replaced = any(member.kin.ancestors[-1] == program.run.pid == member.trace.run.pid for member in members)
    members.append(Member(program, _kin_of_program(program, replaced=replaced)))
    return make_family(members, [*notes, *_say_what_lacks(folder.count_unrecorded(), strangers)])


def _kin_of_program(trace: Trace, *, replaced: bool) -> Kin:
    """Return the program's own: when it ended is known if it came to its end by itself."""
    run = trace.run
    came_to_end = run.exit_status is not None and run.exit_status >= 0
    return Kin(replaced=replaced, ended=run.started + run.duration_s if replaced or came_to_end else None)


def _say_what_lacks(unrecorded: int, strangers: int) -> list[str]:
    notes = []
    if unrecorded:
        notes.append(
            f"{unrecorded:,} child process{'es were' if unrecorded > 1 else ' was'} not recorded: there were "
            f"{MOST_JOURNALS:,} already. The peak of all processes is of those that are shown."
        )
    if strangers:
        notes.append(f"{strangers:,} file{'s' if strangers > 1 else ''} beside this run belong to another one.")
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
    elif int(journal.header["pid"]) == program.run.pid:  # the launcher waited for it
        journal.meta["exit_status"] = program.run.exit_status
    trace = assemble(journal)
    # Its own word is better than that of who waited for it, perhaps much later.
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
    """Return status and time of the first ending of a process after it began: its id may have been used again."""
    started_ns = int(journal.header["started_ns"]) - _CLOCK_STEP_NS
    later = [each for each in endings.get(int(journal.header["pid"]), ()) if each[1] >= started_ns]
    return min(later, key=lambda each: each[1], default=None)


def _matters(trace: Trace) -> bool:
    return is_worth_keeping(trace.peak.nbytes, 0 if trace.native is None else trace.native.nbytes)


def settle_children(path: Path, program: Trace) -> Family:
    """Put the journals of a run that has ended in order, and return the run's processes.

    Journals in which nothing matters go, the others are given the sources as they are now. Those of processes that go
    on stay as they are.
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
    if _matters(trace):
        complete_journal(place, {"exit_status": trace.run.exit_status, "sources": dict(trace.sources)})
        _give_back_zeros(place)
    else:
        place.unlink()


def _give_back_zeros(place: Path) -> None:
    """Write a file anew without the pages that only have zeros: of a short journal's 200 KiB a few are left.

    Raises
    ------
    OSError
        If there is no room; the file is then as it was.
    """
    data, beside = place.read_bytes(), place.with_name(f".{place.name}.writing")
    try:
        with beside.open("wb") as file:
            for at in range(0, len(data), _PAGE):
                if data.count(0, at, at + _PAGE) < min(_PAGE, len(data) - at):
                    file.seek(at)
                    file.write(data[at : at + _PAGE])
            file.truncate(len(data))
        beside.replace(place)
    finally:
        beside.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # of another user
        return True
    return True
