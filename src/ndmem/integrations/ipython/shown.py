"""The output of the magics: text in IPython, HTML in Jupyter."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ndmem.api import index_of, list_advice
from ndmem.reporting.html.fragment import Column, write_fragment, write_table
from ndmem.reporting.html.tables.lines import line_table_html
from ndmem.reporting.memory.live_buffers import describe_array, list_buffers, list_names, tabulate_buffers
from ndmem.reporting.text.profile import write_profile
from ndmem.units import format_nbytes

if TYPE_CHECKING:
    from ndmem.api import Run
    from ndmem.model.memory.live import ArrayBuffer, LiveArrays
    from ndmem.model.profile import FunctionProfile

_PROFILE = (
    *((name, Column.FIGURE) for name in ("line", "count", "peak", "temporary", "net")),
    ("source", Column.CODE),
)
_KEPT = (("kept", Column.FIGURE), ("array", Column.TEXT), ("held by", Column.CODE))


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
        rows.append([str(lineno), *figures, *[""] * (4 - len(figures)), source.get(lineno, "")])
    title = f"{profile.function}: peak {format_nbytes(profile.peak_nbytes)}"
    return write_fragment(write_table(_PROFILE, rows), headline=[title])


@dataclass(frozen=True, slots=True, repr=False)
class ShownArrays:
    """The live arrays: as a table in IPython too, where their repr is one line."""

    arrays: LiveArrays

    def __repr__(self) -> str:
        return list_buffers(self.arrays)

    def _repr_html_(self) -> str:
        return tabulate_buffers(self.arrays)


@dataclass(frozen=True, slots=True, repr=False)
class ShownCell:
    """The lines of a cell, and the arrays that it kept."""

    run: Run
    kept: tuple[ArrayBuffer, ...]

    def __repr__(self) -> str:
        stream = io.StringIO()
        self.run.report(stream)
        kept = ["  ".join(row) for row in self._list_kept()]
        lines = [line for line in stream.getvalue().splitlines() if not line.startswith("More: ")]
        return "\n".join([*lines, *(["kept by the cell:", *kept] if kept else ["the cell kept no arrays"])])

    def _repr_html_(self) -> str:
        rows = self._list_kept()
        kept = write_fragment(write_table(_KEPT, rows)) if rows else write_fragment(remarks=["It kept no arrays."])
        index = index_of(self.run)
        return f"{line_table_html(index, findings=list_advice(index))}{kept}"

    def _list_kept(self) -> list[tuple[str, str, str]]:
        return [(f"{format_nbytes(each.nbytes):>9}", describe_array(each), list_names(each)) for each in self.kept]
