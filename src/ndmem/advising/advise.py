"""Ask all rules what to change in a run, replay it with each change, and keep what is worth it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ndmem.analysis.index import fact
from ndmem.model.advice.finding import Finding

from .case import make_case
from .replay import Change, replay
from .rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ndmem.analysis.index import TraceIndex
    from ndmem.model.advice.finding import Saving

    from .case import Case
    from .suggestion import Rule, Suggestion

_MOST_TOGETHER = 12
"""Changes that are tried together at most: whoever must change more lines than these to save anything will not."""

_Asked = tuple["Rule", "Suggestion"]


@fact
def find_findings(index: TraceIndex, siblings: tuple[TraceIndex, ...] = ()) -> tuple[Finding, ...]:
    """Find what to change in a program.

    Parameters
    ----------
    index : TraceIndex
        A run of it.
    siblings : tuple of TraceIndex
        The other processes of the same run.

    Returns
    -------
    tuple of Finding
        The largest saving of the peak first; of equal ones that with the larger saving of kept, then of total bytes. At
        most one for each place. Empty if events were dropped: lifetimes are unknown then.
    """
    case = make_case(index, siblings)
    if case is None:
        return ()
    asked = [(rule, suggestion) for rule in RULES for suggestion in rule.suggest(case)]
    alone = [_settle(case, *one) for one in asked]
    found = [finding for finding in alone if _is_worth(case, finding.saving)]
    rest = [one for one, finding in zip(asked, alone, strict=True) if not _is_worth(case, finding.saving)]
    found += _find_together(case, rest)
    return tuple(sorted(_keep_best(found), key=lambda finding: finding.saving.rank, reverse=True))


def _is_worth(case: Case, saving: Saving) -> bool:
    return max(saving.peak_nbytes, saving.kept_nbytes) >= case.least or (saving.resident_nbytes or 0) >= case.least_else


def _settle(case: Case, rule: Rule, suggestion: Suggestion) -> Finding:
    replayed = suggestion.foreseen or replay(case.index, suggestion.change)
    return Finding(
        rule=rule.CODE,
        name=rule.NAME,
        site=suggestion.site,
        expression=suggestion.expression,
        message=suggestion.message,
        fix=suggestion.fix,
        saving=replace(replayed.saving, resident_nbytes=suggestion.resident_nbytes),
        peak_after_nbytes=replayed.peak_nbytes,
        proof=suggestion.proof,
        evidence=suggestion.evidence,
        edit=suggestion.edit,
    )


def _find_together(case: Case, asked: list[_Asked]) -> Iterator[Finding]:
    """Yield findings that lower the peak only together.

    Where several lines reach the same height, a change of one of them saves nothing: the peak is then reached in the
    next one. The smallest set of changes that lowers it is reported, each place with the saving of all.
    """
    chosen: list[_Asked] = []
    # No replay has the others.
    asked = [one for one in asked if one[1].resident_nbytes is None and one[1].foreseen is None]
    for one in sorted(asked, key=lambda one: int(one[1].change.nbytes.sum()), reverse=True):
        if len(chosen) < _MOST_TOGETHER and not any(one[1].change.overlaps(other[1].change) for other in chosen):
            chosen.append(one)
    if len(chosen) < 2 or _saved_together(case, chosen) < case.least:
        return
    for one in reversed(chosen):
        fewer = [other for other in chosen if other is not one]
        if _saved_together(case, fewer) >= _saved_together(case, chosen):
            chosen = fewer
    change = Change.all_of(suggestion.change for _, suggestion in chosen)
    for rule, suggestion in chosen:
        others = sorted({_place(other) for _, other in chosen if other is not suggestion})
        joint = replace(suggestion, change=change, evidence={**suggestion.evidence, "together_with": others})
        yield _settle(case, rule, joint)


def _place(suggestion: Suggestion) -> str:
    return f"{suggestion.site.filename}:{suggestion.site.lineno}"


def _saved_together(case: Case, asked: list[_Asked]) -> int:
    change = Change.all_of(suggestion.change for _, suggestion in asked)
    return replay(case.index, change).saving.peak_nbytes


def _keep_best(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Keep the best finding of each place: what is inside an expression and the expression itself are two places."""
    best: dict[object, Finding] = {}
    for finding in findings:
        if finding.site not in best or finding.saving.rank > best[finding.site].saving.rank:
            best[finding.site] = finding
    yield from best.values()
