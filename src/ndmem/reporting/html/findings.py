"""Findings on the page, and as a list in a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from ndmem.reporting.paths import file_names
from ndmem.reporting.plain import plain, plain_source
from ndmem.reporting.sentences.finding import nothing_sentence, saving_sentence
from ndmem.reporting.sentences.not_leaked import not_leaked_beside

from .fragment import escape_text, write_fragment, write_prose

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ndmem.analysis.index import TraceIndex
    from ndmem.model.advice.finding import Finding
    from ndmem.reporting.paths import FileNames


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding as text.

    Attributes
    ----------
    place : str
        File and line.
    anchor : str
        Id of the line in the source that the page shows; an empty text if it does not show it.
    rule, message, saving : str
        Code of the rule, what was seen, and what the change saves.
    fix : str
        Code of one or more lines; an empty text if there is none.
    """

    place: str
    anchor: str
    rule: str
    message: str
    saving: str
    fix: str


def list_findings(
    index: TraceIndex,
    findings: Sequence[Finding],
    names: FileNames,
    anchors: Mapping[tuple[str, int], str],
) -> list[FindingRow]:
    """Return findings as rows of texts; ``anchors`` are those of `name_anchors`."""
    return [
        FindingRow(
            place=names.place(finding.site.filename, finding.site.lineno),
            anchor=anchors.get((finding.site.filename, finding.site.lineno), ""),
            rule=finding.rule,
            message=plain(finding.message),
            saving=plain(saving_sentence(index, finding, names)),
            fix="\n".join(map(plain_source, (finding.fix or "").splitlines())),
        )
        for finding in findings
    ]


def findings_html(index: TraceIndex, findings: Sequence[Finding]) -> str:
    """Return findings as a fragment of HTML for a notebook, or that there are none."""
    remarks = not_leaked_beside(index, findings)
    if not findings:
        return write_fragment(headline=[nothing_sentence(index)], remarks=remarks)
    return write_fragment(tabulate_findings(index, findings, file_names(index.trace.run)), remarks=remarks)


def tabulate_findings(index: TraceIndex, findings: Sequence[Finding], names: FileNames) -> str:
    """Return the list of findings that `findings_html` and the line table of a notebook have; nothing without any."""
    items = "".join(_write_item(row) for row in list_findings(index, findings, names, {}))
    return f"<p><strong>What to change</strong></p><ol>{items}</ol>" if items else ""


def _write_item(row: FindingRow) -> str:
    fix = f'<pre style="margin:0.2em 0"><code>{escape(row.fix)}</code></pre>' if row.fix else ""
    seen = f"<code>{escape_text(row.place)}</code>: {write_prose(row.message)} ({escape_text(row.rule)})"
    return f"<li>{seen}{fix or '<br>'}{write_prose(row.saving)}</li>"
