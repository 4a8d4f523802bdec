"""Sentences of a finding: what it saves, and with which other changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.analysis.over_time.processes import process_tree
from ndmem.model.advice.finding import Proof
from ndmem.units import format_nbytes

from .process_name import describe_child

if TYPE_CHECKING:
    from ndmem.analysis.index import TraceIndex
    from ndmem.model.advice.finding import Finding
    from ndmem.reporting.paths import FileNames

_NOTHING = "Nothing to advise."
_NOT_EXAMINED = "Nothing was examined: advice needs the births and deaths of single arrays, which {whose} does not have"
DEEPER = (
    "Values were not examined: ndmem run --deep also finds arrays wider than their values, equal arrays, and numbers "
    "in lists."
)
_LEAST_NBYTES = 2**24
"""Arrays of a program with a lower peak are small, whatever their dtype."""

_PROOFS = {Proof.VERIFIED: "verified by replay", Proof.ESTIMATED: "estimated"}


def nothing_sentence(index: TraceIndex) -> str:
    """Write that a run has no finding, or why it could have none."""
    trace = index.trace
    if trace.cluster is not None:
        whose, instead = "a run of a cluster", "record one task by itself with ndmem.track()"
    elif trace.run.is_counted_only:
        whose, instead = "a continuous recording", "record one request by itself with ndmem.track()"
    elif trace.dropped:
        whose, instead = "a run whose events could not all be written", "free some room on the disk and run it again"
    else:
        return _NOTHING
    return f"{_NOT_EXAMINED.format(whose=whose)}; {instead}."


def saving_sentence(index: TraceIndex, finding: Finding, names: FileNames) -> str:
    """Write what a change saves, with the proof: ``saves 61 MiB of the peak: the next peak is 122 MiB (…)``."""
    saving, whose = finding.saving, _name_processes(index, finding)
    together = _list_lines(finding, names)
    if saving.resident_nbytes is not None:
        saved = f"saves {format_nbytes(saving.resident_nbytes)} of resident memory{whose}, beside what arrays take"
    elif saving.peak_nbytes > 0:
        saved = f"saves {format_nbytes(saving.peak_nbytes)} of the peak{whose}: "
        saved += f"the next peak is {format_nbytes(finding.peak_after_nbytes)}"
        if saving.kept_nbytes > 0:
            saved += f", and {format_nbytes(saving.kept_nbytes)} less is kept at the end"
    else:
        saved = f"saves {format_nbytes(saving.kept_nbytes)} of what is kept at the end{whose}"
    proof = _PROOFS[Proof.VERIFIED if finding.trial is not None else finding.proof]
    return f"{f'together with {together}: ' if together else ''}{saved} ({proof})"


def may_look_deeper(index: TraceIndex) -> bool:
    """Tell whether the same program may have findings in a run with ``--deep``."""
    trace = index.trace
    examined = trace.cluster is None and not trace.run.is_counted_only
    return examined and bool(trace.run.program) and trace.deep is None and trace.peak.nbytes >= _LEAST_NBYTES


def _name_processes(index: TraceIndex, finding: Finding) -> str:
    if not finding.pids:
        return ""
    if len(finding.pids) > 1:
        return f" in each of {len(finding.pids)} processes" if finding.saving.peak_nbytes > 0 else ""
    named = {process.pid: describe_child(process) for process in process_tree(index).processes}
    return f" of {named[finding.pids[0]]}"


def _list_lines(finding: Finding, names: FileNames) -> str:
    """List the lines that must be changed too: those of the same file by their numbers, others by file and number."""
    others = finding.evidence.get("together_with")
    if not isinstance(others, list) or not others:
        return ""
    places = [(filename, int(lineno)) for filename, _, lineno in (str(other).rpartition(":") for other in others)]
    own = sorted({lineno for filename, lineno in places if filename == finding.site.filename})
    elsewhere = sorted({names.place(*place) for place in places if place[0] != finding.site.filename})
    lines = [f"line{'s' if len(own) > 1 else ''} {_enumerate([str(lineno) for lineno in own])}"] if own else []
    return _enumerate([*lines, *elsewhere])


def _enumerate(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
