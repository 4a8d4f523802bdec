"""Record in a program that already runs, from the moment at which ``ndmem attach`` asks for it until it ends.

`begin` and `end` are called by a short script that runs in the main thread of the program, between two of its
instructions. They leave no thread, no hook for imports or forks and no signal handler. Between the calls the recording
is an attribute of `sys`: the program must find only modules that it finds without ndmem.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import sys

from ndmem.tracking.support import find_numpy_obstacle

from .find_before import find_before
from .json_encode import encode_meta
from .process_identity import ProcessIdentity
from .process_tracking import ProcessTracking
from .run_metadata import describe_run, find_program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

_ATTRIBUTE = "_ndmem_attached"

_OUT_OF_THE_WAY = 200
"""A descriptor above those that a program expects to be given next."""


class RefusedError(Exception):
    """The program cannot be recorded now; the text is the reason, one of the words of `ndmem.watching.refusals`."""


class _Attached:
    """The recording of this process, as long as ``ndmem attach`` watches."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._descriptor = _open_record(settings["record"])
        try:
            self._tracking = ProcessTracking(
                ProcessIdentity.of_program(self._descriptor), settings["threshold"], settings["room"]
            )
            about = describe_run(*find_program())
            about |= {"notes": [], "home": settings["home"], "attached": {"watcher": settings["watcher"]}}
            self._tracking.open_journal(self._descriptor, encode_meta(about))
            self._tracking.start()
        except BaseException:
            os.close(self._descriptor)
            raise
        atexit.register(self._end_with_program)

    def list_before(self, native: Any, smallest: int) -> None:
        """Record which arrays there were before."""
        self._tracking.write({"before": find_before(native, smallest=smallest)})

    def end(self) -> None:
        """Stop recording, while the program goes on."""
        atexit.unregister(self._end_with_program)
        self._tracking.write({"detached": True})
        self._end_with_program()

    def _end_with_program(self) -> None:
        self._tracking.finish_program()
        os.close(self._descriptor)


def begin(settings: Mapping[str, Any], answer: Callable[[str], None]) -> None:
    """Begin to record, then record which arrays exist.

    Parameters
    ----------
    settings : mapping
        ``record``: path of the empty file of the journal; ``threshold`` and ``room`` in bytes; ``home``: identifies the
        machine; ``watcher``: process id of ``ndmem attach``.
    answer : callable
        Called with an empty text when recording has begun.

    Raises
    ------
    RefusedError
        If the program cannot be recorded now.
    """
    numpy = sys.modules.get("numpy")
    if numpy is None or getattr(getattr(numpy, "__spec__", None), "_initializing", False):
        raise RefusedError("no-numpy")
    obstacle = find_numpy_obstacle(numpy.__version__)
    if obstacle:
        raise RefusedError(f"numpy {obstacle}")
    if hasattr(sys, _ATTRIBUTE):
        raise RefusedError("attached")
    from ndmem import _native  # here, so that its absence is an answer

    if _native.running_threshold():
        raise RefusedError("tracked")
    attached = _Attached(settings)
    setattr(sys, _ATTRIBUTE, attached)
    answer("")
    attached.list_before(_native, settings["threshold"])


def end() -> None:
    """Stop recording; harmless where nothing is recorded."""
    attached: _Attached | None = sys.__dict__.pop(_ATTRIBUTE, None)
    if attached is not None:
        attached.end()


def _open_record(path: str) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise RefusedError(f"record {error.strerror}") from None
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _OUT_OF_THE_WAY)
    except OSError:  # the limit on open files is lower
        return os.dup(descriptor)
    finally:
        os.close(descriptor)
