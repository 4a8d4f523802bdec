"""Findings as JSON; ``docs/reference/json.md`` defines each field."""

from __future__ import annotations

from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any

from .json_document import write_document
from .not_leaked_json import not_leaked_fields
from .sites import site_fields

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ndmem.analysis.index import TraceIndex
    from ndmem.model.advice.finding import Finding
    from ndmem.model.advice.trial import Trial


def write_findings_json(
    index: TraceIndex, findings: Iterable[Finding], stream: IO[str], *, trials: bool = False
) -> None:
    """Write findings as one JSON object, in the order in which they are given; only ASCII is written.

    Parameters
    ----------
    index : TraceIndex
        The run.
    findings : iterable of Finding
        The findings.
    stream : text stream
        Destination.
    trials : bool
        Also write what was measured by running the program with each fix, or null.
    """
    rows = [
        {**finding_fields(finding), **({"trial": _trial_fields(finding.trial)} if trials else {})}
        for finding in findings
    ]
    write_document({"findings": rows, "not_leaked": not_leaked_fields(index)}, stream, indent=1)


def _trial_fields(trial: Trial | None) -> dict[str, Any] | None:
    if trial is None:
        return None
    return {
        **asdict(trial),
        "output": trial.output.value,
        "saved_nbytes": trial.saved_nbytes,
        "kept_saved_nbytes": trial.kept_saved_nbytes,
    }


def finding_fields(finding: Finding) -> dict[str, Any]:
    """Return the fields of a finding; the peak after the change, and the processes, are part of its evidence."""
    evidence = {**finding.evidence, "peak_after_nbytes": finding.peak_after_nbytes}
    if finding.pids:
        evidence["pids"] = list(finding.pids)
    return {
        "rule": finding.rule,
        "name": finding.name,
        "site": site_fields(finding.site),
        "expression": finding.expression,
        "message": finding.message,
        "fix": finding.fix,
        "saving": asdict(finding.saving),
        "proof": finding.proof.value,
        "evidence": evidence,
    }
