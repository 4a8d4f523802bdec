"""Suggest what was meant by a first word that is not a command."""

from __future__ import annotations

import difflib
import re
import shlex
from typing import TYPE_CHECKING

from ndmem.file_kind import JOURNAL, MPROF, PYTHON, STARTING, TRACE, identify_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_BY_FORM = (
    (re.compile(r"[\w./-]+:[A-Za-z_][\w.]*"), "predict"),
    (re.compile(r"python[0-9.]*|.+\.pyw?"), "run"),
    (re.compile(r".+\.ndmem(\.partial)?"), "report"),
    (re.compile(r".+\.(npy|npz|parquet|h5|hdf5|zarr)|[<>=|]?[A-Za-z]\w*\[.*\]"), "weigh"),
    (re.compile(r"[0-9]+"), "live"),
)
"""Form of a word → the command that takes it: a function, a program, a run, arrays, a process."""

_ASKING = frozenset({"help", "version"})
"""Commands of other programs, which are options here."""

_OF_OTHERS = {
    "profile": "run",
    "record": "run",
    "track": "run",
    "leaks": "run --leaks",
    "show": "report",
    "summary": "report",
    "view": "report",
    "flamegraph": "report --format html",
    "fits": "weigh",
    "size": "weigh",
}
"""Commands as other profilers have them, and words of ndmem's functions, with the command that does the same."""

_BY_KIND = {TRACE: "report", JOURNAL: "report", STARTING: "live", PYTHON: "run", MPROF: "mprof plot"}


def suggest_command(
    words: Sequence[str], commands: Iterable[str], *, of: str, find: Callable[[str], str | None] | None = None
) -> str:
    """Write that the first word is not a command, and what to write instead.

    Parameters
    ----------
    words : sequence of str
        The first word and those after it.
    commands : iterable of str
        The names of the commands.
    of : str
        The command that they belong to: ``"ndmem"``.
    find : callable, optional
        Returns the command that takes such a word as its argument.
    """
    names = list(commands)
    if words[0] in _ASKING:
        about = [each for each in words[1:2] if each in names]
        option = "--version" if words[0] == "version" else "--help"
        return f"{words[0]!r} is not a command of {of}; did you mean: {' '.join([of, *about, option])}"
    if of == "ndmem" and words[0] in _OF_OTHERS:
        whole = shlex.join([of, *_OF_OTHERS[words[0]].split(), *words[1:]])
        return f"{words[0]!r} is not a command of {of}; did you mean: {whole}"
    first, others = words[0], list(words[1:])
    problem = f"{first[:80]!r} is not a command of {of}"
    if find is not None and (command := find(first)):
        # The arguments of `python` are those of `ndmem run`, without the word itself.
        meant = others if first.startswith("python") and not first.endswith(".py") else [first, *others]
        return f"{problem}; did you mean: {shlex.join([*of.split(), *command.split(), *meant])}"
    if close := difflib.get_close_matches(first, names, 1):
        return f"{problem}; did you mean: {of} {close[0]}"
    return f"{problem}; the commands are {', '.join(names)}"


def find_command(word: str) -> str | None:
    """Return the command of ndmem that takes such a word as its argument; ``None`` if none is known."""
    for form, command in _BY_FORM:
        if form.fullmatch(word):
            return command
    try:
        kind = identify_file(word)
    except (OSError, ValueError):
        return None
    return _BY_KIND.get(kind)
