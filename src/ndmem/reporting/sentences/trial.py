"""Sentences of a trial: what the fix saved when the program was run with it, and whether the program did the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.model.trial import Output
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from ndmem.model.finding import Finding
    from ndmem.model.trial import Difference, Trial

_ENDED = "(the output ends)"


def trial_sentences(finding: Finding) -> list[str]:
    """Write what a trial showed, each sentence a line; none without a trial."""
    trial = finding.trial
    if trial is None:
        return []
    lines = [_write_saving(finding, trial)]
    if trial.output is Output.SAME and trial.status_before == trial.status_after:
        lines.append("Output and exit status are the same")
    elif trial.output is Output.VARIES:
        lines.append("The output differs from run to run and was not compared")
    if trial.difference is not None:
        why = "" if finding.edit is None or finding.edit.is_exact else " (this fix may change the last digits)"
        lines.append(f"The output differs{why}, {_write_difference(trial.difference)}")
    if trial.status_before != trial.status_after:
        lines.append(f"The exit status is {trial.status_after} instead of {trial.status_before}")
    if trial.stderr_difference is not None:
        lines.append(f"Standard error differs, {_write_difference(trial.stderr_difference)}")
    return lines


def _write_saving(finding: Finding, trial: Trial) -> str:
    if finding.saving.peak_nbytes > 0:
        before, after, saved = trial.peak_before_nbytes, trial.peak_after_nbytes, trial.saved_nbytes
        what, promised = "a peak", finding.saving.peak_nbytes
    else:
        before, after, saved = trial.kept_before_nbytes, trial.kept_after_nbytes, trial.kept_saved_nbytes
        what, promised = "kept at the end", finding.saving.kept_nbytes
    measured = f"saved {format_nbytes(saved)}" if saved >= 0 else f"cost {format_nbytes(-saved)}"
    figures = f"{what} of {format_nbytes(after)} instead of {format_nbytes(before)}"
    if what != "a peak":
        figures = f"{format_nbytes(after)} {what} instead of {format_nbytes(before)}"
    return f"Tried: {measured} ({figures}), {format_nbytes(promised)} were promised"


def _write_difference(difference: Difference) -> str:
    before = _ENDED if difference.before is None else repr(difference.before)
    after = _ENDED if difference.after is None else repr(difference.after)
    return f"first in line {difference.lineno}: {after} instead of {before}"
