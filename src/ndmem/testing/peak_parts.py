"""What was live at the peak of a small recording, by line and by array, without making a Trace of it.

A Trace and its line table take 20 ms: for a suite of ten thousand tests more than the tests themselves.
"""

from __future__ import annotations

import tokenize
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from ndmem.analysis.tables.expression import expression_text
from ndmem.analysis.tables.sources import SourceFiles
from ndmem.model.columns import Domain, Kind
from ndmem.model.site import Site
from ndmem.model.suite.figures import MOST_PARTS, PeakArray, PeakLine
from ndmem.tracking.journal.file.reader import read_journal
from ndmem.tracking.journal.file.records import CLOCK
from ndmem.tracking.recorder import untracked
from ndmem.user_code import GENERATED, STRING, find_library_roots, is_user_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ndmem.model.columns import Int64s
    from ndmem.model.holder import ArrayForm, Holder
    from ndmem.tracking.journal.file.records import Journal

_MOST_ARRAYS = 1000
"""Arrays of one peak that are looked at: the largest."""

Parts = tuple[tuple[PeakLine, ...], tuple[PeakArray, ...]]


class PeakReader:
    """Reads what was live at the peaks of many recordings of one process.

    Parameters
    ----------
    root : str
        Folder to which file names are made relative.
    packages : sequence of str
        Installed packages whose lines are shown; those of others count for the line that called them.
    """

    def __init__(self, root: str, packages: Sequence[str] = ()) -> None:
        self._root = root.rstrip("/") + "/"
        self._packages = tuple(packages)
        self._roots = find_library_roots()
        self._users: dict[str, bool] = {}
        self._texts: dict[str, str] = {}
        self._sources = SourceFiles(self._texts)

    def count_as_user(self, filenames: Iterable[str]) -> None:
        """Show the lines of these files too, wherever they are installed: a package's own tests, for example."""
        self._users.update(dict.fromkeys(filenames, True))

    def read(self, parts: list[bytes]) -> Parts:
        """Return the largest lines and arrays at the peak of a recording, most bytes first."""
        with untracked():
            journal = read_journal(parts)
            if not int(journal.header["peak"]):
                return (), ()
            places = _Places(journal, self._is_user)
            return self._list_lines(journal, places), self._list_arrays(journal, places)

    def _is_user(self, filename: str) -> bool:
        if filename not in self._users:
            self._users[filename] = filename != STRING and is_user_code(filename, self._roots, self._packages)
        return self._users[filename]

    def _list_lines(self, journal: Journal, places: _Places) -> tuple[PeakLine, ...]:
        nodes = journal.nodes
        at_peak = np.where(nodes["peak_serial"] == journal.header["peak_serial"], nodes["at_peak"], nodes["live"])
        nbytes: defaultdict[tuple[str, int, str], int] = defaultdict(int)
        for node in np.flatnonzero((nodes["domain"] == Domain.ARRAY) & (at_peak > 0)).tolist():
            site = places.find(node)
            nbytes[site.filename, site.lineno, site.function] += int(at_peak[node])
        largest = sorted(nbytes.items(), key=lambda item: (-item[1], item[0]))[:MOST_PARTS]
        return tuple(
            PeakLine(
                filename=self._shorten(filename),
                lineno=lineno,
                function=function,
                source=self._load(filename).line(filename, lineno),
                nbytes=live,
            )
            for (filename, lineno, function), live in largest
        )

    def _list_arrays(self, journal: Journal, places: _Places) -> tuple[PeakArray, ...]:
        if len(journal.compacted.events):  # so many that their numbers are those of no array any more
            return ()
        numbers, nodes, sizes = _find_live(journal)
        holders, forms = _group_holders(journal, set(numbers.tolist())), journal.forms
        groups: defaultdict[tuple[Site, str | None, tuple[int, ...] | None, str | None], list[int]] = defaultdict(list)
        for number, node, size in zip(numbers.tolist(), nodes.tolist(), sizes.tolist(), strict=True):
            site, held = places.find(node), holders.get(number, [])
            holder = _choose_holder(held, *places.list_functions(node)) if held else None
            form: Holder | ArrayForm | None = holder or next(iter(held), None) or forms.get(number)
            name = holder.name if holder else None
            shape, dtype = (None, None) if form is None else (form.shape, form.dtype)
            groups[site, name, shape, dtype].append(size)
        largest = sorted(groups.items(), key=lambda item: (-sum(item[1]), item[0][0].lineno, item[0][1] or ""))
        return tuple(
            PeakArray(
                filename=self._shorten(site.filename),
                lineno=site.lineno,
                function=site.function,
                expression=expression_text(self._load(site.filename), site),
                name=name,
                shape=shape,
                dtype=dtype,
                nbytes=sum(group),
                count=len(group),
            )
            for (site, name, shape, dtype), group in largest[:MOST_PARTS]
        )

    def _shorten(self, filename: str) -> str:
        for folder in (self._root, *(f"{root}/" for root in sorted(self._roots, key=len, reverse=True))):
            if filename.startswith(folder):
                return filename[len(folder) :]
        return filename

    def _load(self, filename: str) -> SourceFiles:
        """Return the sources with a file that was read once; an empty text if it cannot be read."""
        if filename not in self._texts:
            try:
                with tokenize.open(filename) as file:
                    self._texts[filename] = file.read()
            except (OSError, ValueError, SyntaxError):
                self._texts[filename] = ""
        return self._sources


class _Places:
    """The user's line of each node of a journal's call tree: the one nearest to the leaf, or a library's if none is."""

    def __init__(self, journal: Journal, is_user: Callable[[str], bool]) -> None:
        names = ("parent", "code", "lineno", "end_lineno", "col", "end_col")
        self._columns = tuple(journal.nodes[name].tolist() for name in names)
        self._codes, self._is_user = journal.codes, is_user
        self._known: dict[int, Site] = {}

    def find(self, node: int) -> Site:
        """Return the line of a node."""
        if node not in self._known:
            self._known[node] = self._make_site(self._stand(node))
        return self._known[node]

    def list_functions(self, node: int) -> tuple[set[str], set[str]]:
        """Return the functions of the user on the stack of a node, and all functions on it."""
        codes = [self._codes.get(self._columns[1][each], ("", "?")) for each in self._walk(node)]
        return {function for filename, function in codes if self._is_user(filename)}, {code[1] for code in codes}

    def _walk(self, node: int) -> Iterator[int]:
        """Yield a node and its callers; a damaged tree ends where a caller comes later."""
        while 0 < node < len(self._columns[0]):
            yield node
            parent = self._columns[0][node]
            node = parent if parent < node else 0

    def _stand(self, node: int) -> int:
        first = 0
        for each in self._walk(node):
            filename = self._codes.get(self._columns[1][each], ("", "?"))[0]
            if filename and self._is_user(filename):
                return each
            if not first and filename and not filename.startswith(GENERATED):
                first = each
        return first

    def _make_site(self, node: int) -> Site:
        _, code, lineno, end_lineno, col, end_col = (column[node] for column in self._columns)
        filename, function = self._codes.get(code, ("", "?"))
        first = max(lineno, 0)
        known = col >= 0 and end_col >= 0
        return Site(
            filename, first, max(end_lineno, first), col if known else None, end_col if known else None, function
        )


def _find_live(journal: Journal) -> tuple[Int64s, Int64s, Int64s]:
    """Return number, node and bytes of the largest arrays that were live at the peak, largest first."""
    events = journal.events[journal.events["kind"] != CLOCK][: int(journal.header["peak_events"])]
    is_birth = events["kind"] == Kind.BORN
    born = events[is_birth]
    alive = born["domain"] == Domain.ARRAY
    died = events["payload"][~is_birth]
    alive[died[(died >= 0) & (died < len(alive))]] = False
    numbers = np.flatnonzero(alive)
    numbers = numbers[np.argsort(-born["payload"][numbers], kind="stable")][:_MOST_ARRAYS]
    return numbers, born["node"][numbers].astype(np.int64), born["payload"][numbers]


def _group_holders(journal: Journal, numbers: set[int]) -> dict[int, list[Holder]]:
    """Return what was seen to hold each buffer: the owners, then views, the latest first."""
    found: dict[int, list[Holder]] = {}
    for holder in reversed(journal.holders):
        if holder.name and holder.buffer in numbers:
            found.setdefault(holder.buffer, []).append(holder)
    return {buffer: sorted(held, key=lambda each: each.is_view) for buffer, held in found.items()}


def _choose_holder(holders: Sequence[Holder], users: set[str], functions: set[str]) -> Holder | None:
    """Return a holder whose name the user knows: not the local variable of a library that made the array."""
    return next((each for each in holders if each.function in users or each.function not in functions), None)
