"""In the child: isolate the process from the parent, and answer requests until the parent closes the pipe."""

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
from ndmem.platform.resident.anonymous import read_status

from .messages import read_message, write_message
from .protocol import Answer
from .rss_growth import keep_resetter
from .sandbox.containment import contain
from .sandbox.uncontained import UncontainedError
from .work import Worker

_LARGEST_FILE = 2**30
# Not RLIMIT_AS: each thread that malloc serves reserves 64 MiB of addresses, which use no RAM. Stacks do count.
_STACK = 2**23
_UNKNOWN = 2**40  # if the system does not report it, memory is not limited
_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def serve_requests(
    make_worker: Callable[[list[str] | None], Worker],
    request_end: int,
    answer_end: int,
    *,
    folder: Path,
    memory: int,
    sandbox: bool,
) -> None:
    """Answer requests until the parent closes the pipe; runs in the child.

    Raises
    ------
    EOFError
        When the parent has closed the pipe.
    """
    try:
        worker = make_worker(_isolate(folder, sandbox, (request_end, answer_end)))
    except Exception as error:  # also those of modules that are imported
        text = f"{type(error).__name__}: {error}"
        is_ours = isinstance(error, UncontainedError)
        answer = Answer([], 0.0, uncontained=str(error)) if is_ours else Answer([], 0.0, error=text)
        read_message(request_end, None)
        write_message(answer_end, pickle.dumps(answer))
        return
    limit = _make_limit(memory)
    while True:
        request = pickle.loads(read_message(request_end, None))  # trusted: our own parent wrote it
        write_message(answer_end, pickle.dumps(worker.answer(request, limit)))


def _isolate(folder: Path, sandboxed: bool, own: tuple[int, ...]) -> list[str] | None:
    """Isolate the process from its parent: no terminal, default signal handlers, another working folder.

    Returns
    -------
    list of str or None
        Collects the operations that the sandbox refuses; ``None`` without a sandbox.
    """
    os.setsid()
    _native.stop_all()  # in a program under `ndmem run`: the child is not part of the run
    _die_with_parent()
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(signum, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    # A notebook's streams bypass descriptors 0 to 2. These stay open until the child ends (SIM115), and the builtin
    # open needs no pathlib (PTH123).
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    sys.settrace(None)
    sys.setprofile(None)
    sys.dont_write_bytecode = True
    gc.freeze()  # each run begins with a collection, which then skips the objects of the parent
    warnings.simplefilter("ignore")
    resetter = keep_resetter()
    return contain(folder, {*own, *([] if resetter is None else [resetter])}) if sandboxed else None


def _die_with_parent() -> None:
    """Ask Linux to end this process when the parent ends."""
    import ctypes  # only in the child

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)


def _make_limit(memory: int) -> Callable[[], contextlib.AbstractContextManager[None]]:
    """Return a context that limits memory while the function runs; ndmem's bookkeeping outside it is not limited."""
    try:
        import resource  # only on POSIX
    except ImportError:
        return contextlib.nullcontext
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))

    @contextlib.contextmanager
    def limit() -> Iterator[None]:
        used = read_status("VmData")  # RLIMIT_DATA counts private writable memory
        most = (_UNKNOWN if used is None else used) + memory + (os.cpu_count() or 1) * _STACK
        for other in (soft, hard):
            most = most if other == resource.RLIM_INFINITY else min(most, other)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))

    return limit
