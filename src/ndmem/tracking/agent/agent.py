"""Start tracking inside a program that ``ndmem run`` launched, or that such a program started.

The program must not notice. Nothing of NumPy is imported before the program imports it (a script may set
``OMP_NUM_THREADS`` first), nothing is printed, and until then only modules are imported here that Python's own start
imports: a program's own ``json.py`` beside its script must be the module that it gets.
"""

from __future__ import annotations

import marshal
import os
import sys

from ndmem.tracking.partial import SETTINGS_MAGIC

from .process_identity import ProcessIdentity
from .process_tracking import ProcessTracking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

_MOST_NBYTES = 2**30


def begin(text: str) -> None:
    """Prepare tracking of the program with the launcher's settings.

    Parameters
    ----------
    text : str
        Descriptor of the open file of the journal. After its first bytes it has the settings in marshal's format:
        ``threshold`` and ``room`` in bytes; ``environment``, variables to restore, ``None`` for one that was not set;
        ``meta``, the first metadata of the journal; ``native``, a note for a program without the preloaded library,
        ``""`` to record no native memory; ``limit``, the arguments of `ProgramLimit`, or ``None``; ``packages``, names
        of installed packages that are the user's; ``deep``, whether to look at values.
    """
    try:
        descriptor = int(text)
        os.set_inheritable(descriptor, False)
        settings = marshal.loads(os.pread(descriptor, _MOST_NBYTES, len(SETTINGS_MAGIC)))
        os.ftruncate(descriptor, 0)
        _restore_environment(settings["environment"])
        tracking = ProcessTracking(
            ProcessIdentity.of_program(descriptor),
            settings["threshold"],
            settings["room"],
            settings["limit"],
            settings["packages"],
            deep=settings["deep"],
            native=bool(settings["native"]),
        )
        tracking.open_journal(descriptor, settings["meta"])
        tracking.watch_native(settings["native"])
        tracking.forward_report_signal()
    except Exception as error:  # the program must not run untracked silently
        _refuse(error)
    tracking.prepare()


def begin_in_child(settings: str) -> None:
    """Prepare tracking in an interpreter that a tracked program started.

    Parameters
    ----------
    settings : str
        As `ProcessTracking.encode_settings` of the parent returned it.
    """
    if _is_ndmem(sys.orig_argv[1:]):
        return
    try:
        threshold, room, deep, native, packages, parent = settings.split(":", 5)
        identity = ProcessIdentity.of_interpreter(parent)
        named = [*filter(None, packages.split(","))]
        tracking = ProcessTracking(
            identity, int(threshold), int(room), packages=named, deep=deep == "1", native=native == "1"
        )
        tracking.watch_native()
    except Exception:  # a child runs in any case, tracked or not
        return
    tracking.prepare()


def _is_ndmem(words: Sequence[str]) -> bool:
    """Whether an interpreter was started as ``ndmem``, which tracks what it runs by itself."""
    if tuple(words[:2]) == ("-m", "ndmem"):
        return True
    script = next((word for word in words if not word.startswith("-")), "")
    return os.path.basename(script) == "ndmem"  # noqa: PTH119  # pathlib costs 5 ms of every start


def _restore_environment(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _refuse(error: Exception) -> NoReturn:
    """End the process before the program begins: the user wants it to run tracked."""
    sys.stderr.write(f"ndmem: tracking cannot start: {error}; the program was not started\n")
    sys.stderr.flush()
    os._exit(2)
