"""The output of the magics: text in IPython, HTML in Jupyter."""

from __future__ import annotations

import io
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from ndmem.api import index_of
from ndmem.reporting.html.line_table import line_table_html
from ndmem.reporting.text.profile import write_profile
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from ndmem.api import TrackedRun
    from ndmem.model.memory.live import ArrayBuffer
    from ndmem.model.profile import FunctionProfile

_RIGHT = '<td style="text-align:right;white-space:nowrap">'
_LEFT = '<td style="text-align:left">'


@dataclass(frozen=True, slots=True, repr=False)
class ShownProfiles:
    """Profiles of functions, line by line."""

    profiles: tuple[FunctionProfile, ...]

    def __repr__(self) -> str:
        stream = io.StringIO()
        for each in self.profiles:
            write_profile(each, stream)
        return stream.getvalue().rstrip("\n")

    def _repr_html_(self) -> str:
        return "".join(_profile_html(each) for each in self.profiles)


def _profile_html(profile: FunctionProfile) -> str:
    executed = {line.lineno: line for line in profile.lines}
    source = dict(enumerate(profile.source, profile.first_line))
    rows = []
    for lineno in sorted({*source, *executed}):
        line = executed.get(lineno)
        nbytes = (line.peak_nbytes, line.temporary_nbytes, line.net_nbytes) if line else ()
        figures = [f"{line.count:,}" if line else "", *(format_nbytes(each) if each else "-" for each in nbytes)]
        cells = "".join(f"{_RIGHT}{each}</td>" for each in [str(lineno), *figures, *[""] * (4 - len(figures))])
        rows.append(f"<tr>{cells}{_LEFT}<pre style='margin:0'>{escape(source.get(lineno, ''))}</pre></td></tr>")
    title = f"{escape(profile.function)}: peak {format_nbytes(profile.peak_nbytes)}"
    heads = "".join(f"<th>{each}</th>" for each in ("line", "count", "peak", "temporary", "net", "source"))
    return (
        f'<div class="ndmem"><p><strong>{title}</strong></p>'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


@dataclass(frozen=True, slots=True, repr=False)
class ShownCell:
    """The lines of a cell, and the arrays that it kept."""

    run: TrackedRun
    kept: tuple[ArrayBuffer, ...]

    def __repr__(self) -> str:
        stream = io.StringIO()
        self.run.report(stream)
        kept = [f"{format_nbytes(each.nbytes):>9}  {_array(each)}  {_names(each)}" for each in self.kept]
        lines = [line for line in stream.getvalue().splitlines() if not line.startswith("More: ")]
        return "\n".join([*lines, *(["kept by the cell:", *kept] if kept else ["the cell kept no arrays"])])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr>{_RIGHT}{format_nbytes(each.nbytes)}</td>{_LEFT}{escape(_array(each))}</td>"
            f"{_LEFT}<code>{escape(_names(each))}</code></td></tr>"
            for each in self.kept
        )
        heads = "<tr><th>kept</th><th>array</th><th>held by</th></tr>"
        table = f"<table><thead>{heads}</thead><tbody>{rows}</tbody></table>" if rows else "<p>It kept no arrays.</p>"
        return f'{line_table_html(index_of(self.run))}<div class="ndmem">{table}</div>'


def _array(buffer: ArrayBuffer) -> str:
    return "array" if buffer.shape is None else f"{buffer.dtype} {buffer.shape}"


def _names(buffer: ArrayBuffer) -> str:
    return ", ".join(buffer.names[:3]) or "holder unknown"
