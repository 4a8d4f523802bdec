"""In the child: make the process a place of its own, and answer requests until there are no more."""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from ndmem import _native

from .messages import read_message, write_message
from .rise import read_status
from .sandbox import Sandbox, keep_descriptor
from .work import Worker

_LARGEST_FILE = 2**30
# Not RLIMIT_AS: each thread that malloc serves reserves 64 MiB of addresses, which are no memory. Stacks do count.
_STACK = 2**23
_UNKNOWN = 2**40  # where the system does not count it, nothing is limited
_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def serve_requests(
    make_worker: Callable[[list[str]], Worker],
    request_end: int,
    answer_end: int,
    *,
    folder: Path,
    memory: int,
    sandbox: bool,
) -> None:
    """Answer requests until there are no more; in the child.

    Raises
    ------
    EOFError
        When the parent asks no more.
    """
    worker = _settle(make_worker, folder, sandbox, (request_end, answer_end))
    limit = _make_limit(memory)
    while True:
        request = pickle.loads(read_message(request_end, None))  # from our own parent
        write_message(answer_end, pickle.dumps(worker.answer(request, limit)))


def _settle(make_worker: Callable[[list[str]], Worker], folder: Path, sandboxed: bool, own: tuple[int, ...]) -> Worker:
    """Make a fork a place of its own: no terminal, no signals of the parent's, another folder."""
    os.setsid()
    _native.stop_all()  # of a program under `ndmem run`: a dry run is no part of it
    _die_with_parent()
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(signum, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    # A notebook's streams talk to the kernel by other ways than descriptors. These stay open until the child ends
    # (SIM115), and builtin open does it without pathlib (PTH123).
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    sys.settrace(None)
    sys.setprofile(None)
    sys.dont_write_bytecode = True
    gc.freeze()  # each run begins with a collection, and what the parent had need not be looked through again
    warnings.simplefilter("ignore")
    refused: list[str] = []
    if sandboxed:
        here = os.getcwd()  # noqa: PTH109  # the very text that '' on sys.path stands for
        sys.path[:] = [entry or here for entry in sys.path]
        os.chdir(folder)
        for number in own:
            keep_descriptor(number)
        box = Sandbox(folder)
        refused = box.refused
        box.close()
    return make_worker(refused)


def _die_with_parent() -> None:
    """Ask Linux to end this process when the parent ends."""
    import ctypes  # noqa: PLC0415  # in the child alone

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)


def _make_limit(memory: int) -> Callable[[], contextlib.AbstractContextManager[None]]:
    """Return what limits the memory while the function runs; our own books need some more."""
    try:
        import resource  # noqa: PLC0415  # POSIX alone has it, and fork
    except ImportError:
        return contextlib.nullcontext
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))

    @contextlib.contextmanager
    def limit() -> Iterator[None]:
        used = read_status("VmData")  # what counts against the limit: memory that only this process can write to
        most = (_UNKNOWN if used is None else used) + memory + (os.cpu_count() or 1) * _STACK
        for other in (soft, hard):
            most = most if other == resource.RLIM_INFINITY else min(most, other)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))

    return limit
