"""Try findings: run the program as it is and with each edit, in copies, and measure what the edit saves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ndmem.advising.edits.combining import combine
from ndmem.advising.edits.patch import source_of
from ndmem.errors import TrackingError
from ndmem.model.finding import Proof
from ndmem.model.trial import Output, Trial
from ndmem.planning.worker.sandbox.landlock import find_version
from ndmem.planning.worker.working_folder import WorkingFolder, remove_tree
from ndmem.tracking.launcher.launch import check_launch

from .command import read_command
from .comparing import first_difference
from .copying import common_folder, copy_folder
from .running import Place, last_line, map_path, run_copy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndmem.advising.edits.source_file import SourceFile
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.finding import Finding
    from ndmem.model.trace import RunInfo

    from .command import Command
    from .running import Ran


class _NotTriedError(Exception):
    """One finding cannot be tried; the message says why."""


@dataclass(frozen=True, slots=True)
class Untried:
    """A finding that could not be tried.

    Attributes
    ----------
    finding : Finding
        The finding.
    reason : str
        Why, and what to do; part of a sentence.
    """

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Tried:
    """Findings after some of them were tried.

    Attributes
    ----------
    findings : tuple of Finding
        All findings, in the same order; those that were tried have `Finding.trial`.
    untried : tuple of Untried
        Those before the last one that was tried which could not be.
    """

    findings: tuple[Finding, ...]
    untried: tuple[Untried, ...]


def try_findings(index: TraceIndex, findings: Sequence[Finding], *, most: int, timeout_s: float | None) -> Tried:
    """Run the program of a run without and with the fixes of its first findings.

    Parameters
    ----------
    index : TraceIndex
        The run.
    findings : sequence of Finding
        What was found in it.
    most : int
        Try this many findings that have an edit.
    timeout_s : float or None
        End a program after this time; ``None`` for ten times the recorded duration and a minute.

    Raises
    ------
    TrackingError
        If the program cannot be started again, or does not end as it did when it was recorded.
    """
    check_launch()
    run = index.trace.run
    command = read_command(index.trace)
    chosen, untried = _choose(index, findings, most)
    if not chosen:
        return Tried(tuple(findings), tuple(untried))
    files = {each.site.filename for _, group in chosen for each in group}
    root = common_folder([command.folder, command.script.parent, *(Path(name).absolute().parent for name in files)])
    bench = _Bench(index, command, root, timeout_s or 10 * run.duration_s + 60)
    trials: dict[int, Trial] = {}
    try:
        bench.run_unchanged()
        for finding, group in chosen:
            try:
                trials[id(finding)] = bench.try_group(group)
            except _NotTriedError as error:
                untried.append(Untried(finding, str(error)))
    finally:
        bench.remove()
    return Tried(tuple(_settle(each, trials.get(id(each))) for each in findings), tuple(untried))


def _settle(finding: Finding, trial: Trial | None) -> Finding:
    if trial is None:
        return finding
    is_proved = trial.is_equivalent and max(trial.saved_nbytes, trial.kept_saved_nbytes) > 0
    return replace(finding, trial=trial, proof=Proof.VERIFIED if is_proved else Proof.ESTIMATED)


def _choose(
    index: TraceIndex, findings: Sequence[Finding], most: int
) -> tuple[list[tuple[Finding, list[Finding]]], list[Untried]]:
    """Return the findings to try, each with those that belong to its saving, and the reasons against others."""
    chosen: list[tuple[Finding, list[Finding]]] = []
    untried: list[Untried] = []
    for finding in findings:
        if len(chosen) == most:
            break
        try:
            chosen.append((finding, _find_group(index, findings, finding)))
        except _NotTriedError as error:
            untried.append(Untried(finding, str(error)))
    return chosen, untried


def _find_group(index: TraceIndex, findings: Sequence[Finding], finding: Finding) -> list[Finding]:
    if finding.pids:
        raise _NotTriedError("it was found in child processes; try it in a program that does their work alone")
    others = finding.evidence.get("together_with")
    places = set(map(str, others)) if isinstance(others, list) else set()
    group = [finding]
    for other in findings:
        place = f"{other.site.filename}:{other.site.lineno}"
        if other is not finding and place in places and "together_with" in other.evidence:
            group.append(other)
            places.discard(place)
    if places or any(each.edit is None for each in group):
        raise _NotTriedError("no edit can be made by itself; change the line by hand and run the program again")
    for each in group:
        file = source_of(index, each.site.filename)
        if each.site.filename.startswith("<") or file is None:
            raise _NotTriedError("its code is in no file; put it into a script")
        if not file.is_as_recorded:
            raise _NotTriedError(f"{file.path.name} has changed since the run; record the program again with ndmem run")
    return group


class _Bench:
    """A working folder in which copies of a program are run, one after the other, always under the same path."""

    def __init__(self, index: TraceIndex, command: Command, root: Path, timeout_s: float) -> None:
        self._index, self._root, self._timeout_s = index, root, timeout_s
        self._work = WorkingFolder()
        self._copy = self._work.path / "program"
        folder = self._copy / command.folder.relative_to(root)
        self._place = Place(self._work.path, folder)
        self._words = [map_path(word, root, self._copy) for word in command.words]
        self._unchanged: Ran | None = None
        self._varies: bool | None = None
        self._count = 0

    def remove(self) -> None:
        self._work.remove()

    def run_unchanged(self) -> None:
        """Run the program as it is; it must end as it did when it was recorded."""
        self._unchanged = ran = self._run({})
        recorded: RunInfo = self._index.trace.run
        if recorded.exit_status is not None and ran.status != recorded.exit_status:
            raise TrackingError(
                f"nothing can be tried: the unchanged program ended with status {ran.status} in a copy of "
                f"{str(self._root)!r}, and with {recorded.exit_status} when it was recorded ({last_line(ran.stderr)}); "
                "run ndmem advise --try in the folder that the program was started in"
            )

    def try_group(self, group: Sequence[Finding]) -> Trial:
        """Run the program with the edits of some findings."""
        assert self._unchanged is not None
        before, after = self._unchanged, self._run(self._change(group))
        self._check_that_it_ran(group, after)
        difference = first_difference(before.stdout, after.stdout)
        output = Output.SAME if difference is None else Output.VARIES if self._does_vary() else Output.DIFFERENT
        return Trial(
            peak_before_nbytes=before.trace.peak.nbytes,
            peak_after_nbytes=after.trace.peak.nbytes,
            kept_before_nbytes=before.trace.live_nbytes,
            kept_after_nbytes=after.trace.live_nbytes,
            status_before=before.status,
            status_after=after.status,
            output=output,
            difference=difference if output is Output.DIFFERENT else None,
            stderr_difference=first_difference(before.stderr, after.stderr),
        )

    def _change(self, group: Sequence[Finding]) -> dict[Path, tuple[SourceFile, str]]:
        """Return the new texts of files, by their paths."""
        changed: dict[Path, tuple[SourceFile, str]] = {}
        for filename in dict.fromkeys(each.site.filename for each in group):
            file = source_of(self._index, filename)
            assert file is not None
            combined = combine(file.text, [each.edit for each in group if each.edit and each.site.filename == filename])
            if not all(combined.made):
                raise _NotTriedError("no edit can be made by itself; change the line by hand and run the program again")
            changed[file.path] = file, combined.text
        return changed

    def _check_that_it_ran(self, group: Sequence[Finding], after: Ran) -> None:
        ran = {site.filename for site in after.trace.sites}
        for finding in group:
            if map_path(finding.site.filename, self._root, self._copy) not in ran:
                raise _NotTriedError(
                    f"the program imports {Path(finding.site.filename).name} from outside its folder, not the copy; "
                    "apply the patch of --diff and run the program again"
                )

    def _does_vary(self) -> bool:
        """Tell whether the unchanged program prints something else when it is run once more."""
        assert self._unchanged is not None
        if self._varies is None:
            again = self._run({})
            self._varies = first_difference(self._unchanged.stdout, again.stdout) is not None
        return self._varies

    def _run(self, changed: dict[Path, tuple[SourceFile, str]]) -> Ran:
        remove_tree(self._copy)
        copy_folder(self._root, self._copy, links=bool(find_version()))
        for path, (file, text) in changed.items():
            place = self._copy / path.relative_to(self._root)
            if place.is_symlink() or not place.is_file():
                raise _NotTriedError(f"{path.name} is not a file of its folder; apply the patch of --diff by hand")
            place.write_bytes(text.encode(file.encoding))
        self._count += 1
        return run_copy(
            self._place,
            f"run_{self._count}",
            self._words,
            self._index.trace.run,
            root=self._root,
            timeout_s=self._timeout_s,
        )
