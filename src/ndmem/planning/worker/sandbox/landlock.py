"""Landlock (Linux 5.13 and later): the kernel refuses changes of files outside one folder, also to C code."""

import ctypes
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ndmem.platform.system import IS_LINUX

# The same numbers on every architecture.
_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446

_ASK_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_ALL_THREADS: Final = 1 << 3
"""Since version 8: apply to threads that exist already, too."""

_PR_SET_NO_NEW_PRIVS: Final = 38

_WRITE_FILE: Final = 1 << 1
_TRUNCATE: Final = 1 << 14
# Version → first right that it does not have. Rights 0, 2 and 3 are executing and reading, which are allowed.
_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15}
_ALL_RIGHTS: Final = 16
_READING: Final = 1 << 0 | 1 << 2 | 1 << 3
_TCP: Final = 1 << 0 | 1 << 1
_SCOPES: Final = 1 << 0 | 1 << 1
"""Abstract sockets, and signals to processes outside."""

_HARMLESS: Final = ("/dev/null", "/dev/zero", "/dev/full")


class _RulesetAttribute(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"  # Python 3.14 requires it beside _pack_; the order of two fields is the same in every layout
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def find_version() -> int:
    """Return the kernel's version of Landlock; 0 without it, or if a container forbids it."""
    if not IS_LINUX:
        return 0
    return max(int(_libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION))), 0)


def allow_changes_only_in(folder: Path, *, also: Iterable[str] = (), files_only: bool = False) -> None:
    """Make the kernel refuse every change of files outside a folder from now on, irrevocably.

    Parameters
    ----------
    folder : Path
        The folder.
    also : iterable of str
        Other folders that may be changed, if they exist.
    files_only : bool
        Leave the network and signals as they are.

    Raises
    ------
    OSError
        If the kernel refuses the rules.
    """
    version, libc = find_version(), _libc()
    changes = ((1 << _RIGHTS.get(version, _ALL_RIGHTS)) - 1) & ~_READING
    network, scopes = (0, 0) if files_only else (_TCP if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    attribute = _RulesetAttribute(changes, network, scopes)
    # An older kernel accepts a longer attribute if the fields that it does not know are zero.
    ruleset = _check(libc.syscall(_CREATE_RULESET, ctypes.byref(attribute), ctypes.c_size_t(24), ctypes.c_uint32(0)))
    try:
        for path in (str(folder), *filter(os.path.isdir, also)):
            _allow(libc, ruleset, path, changes)
        for path in _HARMLESS:
            _allow(libc, ruleset, path, changes & (_WRITE_FILE | _TRUNCATE))
        _check(libc.prctl(_PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))))
        flags = _ALL_THREADS if version >= 8 else 0
        _check(libc.syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(flags)))
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(beneath).st_mode):
            rights &= _WRITE_FILE | _TRUNCATE
        rule = _PathBeneath(rights, beneath)
        _check(libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), ctypes.c_uint32(0)))
    finally:
        os.close(beneath)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return int(answer)
