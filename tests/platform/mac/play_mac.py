"""Make a Python on Linux answer as one on macOS does, as far as ndmem asks.

A file ``.pth`` imports this when an interpreter starts, before ndmem: so do all processes that the interpreter starts.
What Linux alone has is taken away: ``/proc`` and ``/sys``, functions of Python's modules, functions of the C library.
What both have answers as on macOS: the platform of ndmem's own layer, the unit of ``ru_maxrss``. psutil is the one that
macOS has too, and reads ``/proc`` here.
"""

import ctypes
import errno
import os
import resource
import select
import signal
import sys

_LINUX_ALONE = {
    os: (
        "eventfd memfd_create pidfd_open pipe2 posix_fadvise posix_fallocate sched_getaffinity sched_setaffinity setns "
        "splice unshare fdatasync getrandom setresuid getresuid O_TMPFILE O_PATH"
    ),
    resource: "prlimit",
    select: "epoll",
    signal: "sigtimedwait sigwaitinfo SIGRTMIN SIGRTMAX SIGPWR SIGSTKFLT pidfd_send_signal",
}
_OF_GLIBC = frozenset({"mallinfo", "mallinfo2", "malloc_trim", "mallopt", "prctl", "malloc_usable_size", "mremap"})
_HIDDEN = ("/proc", "/sys")


def _is_hidden(path: object) -> bool:
    """Whether a path is not there on macOS; psutil, which has its own ways there, may see it."""
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path).startswith(_HIDDEN):
        return False
    frame = sys._getframe()
    while frame is not None:
        if "/psutil/" in frame.f_code.co_filename:
            return False
        frame = frame.f_back
    return True


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("open", "os.listdir", "os.scandir") and arguments and _is_hidden(arguments[0]):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), arguments[0])


def _hiding(function):
    def wrapped(path, *arguments, **options):
        if _is_hidden(path):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return function(path, *arguments, **options)

    return wrapped


def _in_bytes(usage: resource.struct_rusage) -> resource.struct_rusage:
    values = list(usage)
    values[2] *= 1024
    return resource.struct_rusage(values)


def _play() -> None:
    platform = sys.platform
    sys.platform = "darwin"
    import ndmem.platform.system  # reads it once

    sys.platform = platform
    assert ndmem.platform.system.IS_MACOS
    assert not ndmem.platform.system.IS_LINUX
    for module, names in _LINUX_ALONE.items():
        for name in names.split():
            if hasattr(module, name):
                delattr(module, name)
    if hasattr(os, "process_cpu_count"):
        os.process_cpu_count = os.cpu_count  # it calls sched_getaffinity
    for name in ("stat", "lstat", "readlink", "access"):
        setattr(os, name, _hiding(getattr(os, name)))
    wait4, getrusage, getattr_ = os.wait4, resource.getrusage, ctypes.CDLL.__getattr__
    os.wait4 = lambda *arguments: (*(answer := wait4(*arguments))[:2], _in_bytes(answer[2]))
    resource.getrusage = lambda who: _in_bytes(getrusage(who))

    def find(library: ctypes.CDLL, name: str) -> object:
        if name in _OF_GLIBC:
            raise AttributeError(name)
        return getattr_(library, name)

    ctypes.CDLL.__getattr__ = find
    sys.addaudithook(_refuse)


_play()
