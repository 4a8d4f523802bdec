"""The line of the user that each node of a call tree belongs to, as the label of a metric."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ndmem.model.columns import Domain
from ndmem.tracking.recorder import untracked
from ndmem.user_code import GENERATED, STRING, is_user_code

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ndmem.tracking.recorder import Recorder

OTHER = "other"
"""Label of all lines without a label of their own."""

_OTHER, _NO_ARRAYS = 0, -1


class SiteNames:
    """The lines of a recording that runs: read again only when it has new call stacks.

    Parameters
    ----------
    recorder : Recorder
        The recording.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._known: tuple[list[str], list[int]] = ([OTHER], [])

    def add_up(self, by_node: memoryview) -> list[tuple[str, int]]:
        """Return the lines that have live bytes, without those that have no label.

        Parameters
        ----------
        by_node : memoryview
            Live bytes of each node.
        """
        names, site_of = self._known
        if len(by_node) > len(site_of):
            names, site_of = self._known = self._read()  # complete before another thread sees it
        nbytes = [0] * len(names)
        for site, live in zip(site_of, by_node, strict=False):  # there may be newer nodes than those of `by_node`
            if live and site > _OTHER:
                nbytes[site] += live
        return [(name, live) for name, live in zip(names, nbytes, strict=True) if live]

    def _read(self) -> tuple[list[str], list[int]]:
        from ndmem.tracking.journal.file.reader import read_journal  # needs NumPy

        with untracked():
            journal = read_journal(self._recorder.read_parts())
            columns = [journal.nodes[name].tolist() for name in ("parent", "domain", "code", "lineno")]
        return _name_nodes(columns, journal.codes, journal.meta)


def _name_nodes(
    columns: Sequence[list[int]], codes: Mapping[int, tuple[str, str]], meta: Mapping[str, Any]
) -> tuple[list[str], list[int]]:
    """Return the labels, and the index of that of each node: the user's line nearest to the leaf, or a library's."""
    roots, packages = meta.get("library_roots", ()), meta.get("packages", ())
    names = {OTHER: _OTHER}
    site_of: list[int] = []
    has_user: list[bool] = []
    users: dict[str, bool] = {}
    for parent, _, code, lineno in zip(*columns, strict=True):
        filename, function = codes.get(code, ("", ""))
        if filename not in users:
            users[filename] = filename != STRING and is_user_code(filename, roots, packages)
        above = has_user[parent] if site_of else False
        own = users[filename] or (bool(filename) and not above and not filename.startswith(GENERATED))
        site = names.setdefault(f"{filename}:{lineno} {function}", len(names)) if own else _OTHER
        if not own and site_of:
            site = site_of[parent]
        site_of.append(site)
        has_user.append(users[filename] or above)
    array = int(Domain.ARRAY)
    return list(names), [
        site if domain == array else _NO_ARRAYS for site, domain in zip(site_of, columns[1], strict=True)
    ]
