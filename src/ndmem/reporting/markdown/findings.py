"""What to change, as a list of Markdown: the line, what was seen, the rule, the saving, and the fix as code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ndmem.reporting.plain import plain_source
from ndmem.reporting.sentences.brevity import shorten
from ndmem.reporting.sentences.finding import saving_sentence

from .inline import code_span, prose

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ndmem.analysis.index import TraceIndex
    from ndmem.model.advice.finding import Finding
    from ndmem.reporting.paths import FileNames

    from .bounds import Bounds


def list_findings(index: TraceIndex, findings: Sequence[Finding], names: FileNames, bounds: Bounds) -> str:
    """Write the first findings; nothing without any."""
    shown = findings[: bounds.findings]
    items = [f"{number}. {_write_item(index, finding, names, bounds)}" for number, finding in enumerate(shown, 1)]
    if len(findings) > len(shown):
        items.append(f"\n… and {len(findings) - len(shown):,} more.")
    return "\n".join(items)


def _write_item(index: TraceIndex, finding: Finding, names: FileNames, bounds: Bounds) -> str:
    place = end_of(names.place(finding.site.filename, finding.site.lineno), bounds.name)
    message = prose(shorten(finding.message, bounds.sentence))
    saving = prose(shorten(saving_sentence(index, finding, names), bounds.sentence))
    return "\n".join([f"{code_span(place)}: {message} ({finding.rule}); {saving}", *_list_fix(finding, bounds)])


def _list_fix(finding: Finding, bounds: Bounds) -> Iterator[str]:
    """Yield the fix as a block of code inside the item; none if it is too long, because a part of it is useless."""
    fix = [plain_source(line) for line in (finding.fix or "").splitlines()]
    if fix and sum(map(len, fix)) <= 2 * bounds.sentence:
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", "".join(fix))), default=0))
        yield from (f"   {line}" for line in (f"{fence}python", *fix, fence))


def end_of(place: str, longest: int) -> str:
    """Cut the beginning of a place: its end has the file's name and the line."""
    return place if len(place) <= longest else "…" + place[1 - longest :]
