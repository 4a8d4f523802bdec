"""The record of a run while the program runs: ``FILE.partial``, beside the file that the user named.

The program maps the record, and a store to a mapped file that another process has truncated ends the program with
SIGBUS. So the user's file, which an editor, a shell or a copy may truncate, is never mapped. ``FILE.partial``, a name
that only ndmem uses, is mapped instead, and replaces FILE when the program has ended.

Used inside the program: imports only modules that Python's own start imports.
"""

import os

_SUFFIX = ".partial"
_DELETED = " (deleted)"

JOURNAL_MAGIC, SETTINGS_MAGIC = b"NDMEMJ\r\n", b"NDMEMO\r\n"
"""First bytes of the file: of a journal, and of the launcher's settings before the program has read them."""


def partial_of(path: str) -> str:
    """Return the path of the record of a run whose trace will be at a path."""
    return f"{path}{_SUFFIX}"


def named_by(path: str) -> str:
    """Return the path that the user named, for that of the record or of the deleted record."""
    return path.removesuffix(_DELETED).removesuffix(_SUFFIX)


def find_record(path: str) -> str:
    """Return the path of a run's record: beside the named path until the run is finished, then that path.

    A run that was killed together with its launcher is never finished.
    """
    partial = partial_of(os.path.realpath(path))
    return partial if begins_as_record(partial) else path


def begins_as_record(path: str) -> bool:
    """Whether a file begins as the record of a run does; false where there is none."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # pathlib costs 5 ms of every start
            return file.read(8) in {JOURNAL_MAGIC, SETTINGS_MAGIC}
    except OSError:
        return False
