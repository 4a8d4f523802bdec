"""End the system call in which the main thread of a program waits, so that Python looks whether it has to do something.

A sleeping thread runs no instruction, and so no script. A signal with a handler would end its call early with the error
EINTR, after which Python does what is pending and waits on (PEP 475); here the same is done without a signal.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import time

from .process_state import read_state

_SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17
_GET_REGISTERS, _SET_REGISTERS, _GENERAL = 0x4204, 0x4205, 1
_WALL = 0x40000000
_RAX, _ORIG_RAX, _REGISTERS = 10, 15, 27
"""Places in ``struct user_regs_struct`` of x86-64, and their number."""

_RESTARTED = range(-516, -511)
"""Results with which the kernel marks a call that it would begin again: -ERESTARTSYS and the like."""

_WAITS = {
    0: "read", 7: "poll", 23: "select", 43: "accept", 45: "recvfrom", 47: "recvmsg", 61: "wait4", 202: "futex",
    219: "restart_syscall", 230: "clock_nanosleep", 232: "epoll_wait", 247: "waitid", 270: "pselect6", 271: "ppoll",
    281: "epoll_pwait", 288: "accept4", 441: "epoll_pwait2",
}  # fmt: skip
"""Calls that have done nothing when they are ended early: Python and the C library begin them again."""

_PATIENCE_S = 10.0
"""A waiting thread stops at once. If it does not, the kernel lets it go on when this process ends."""


class _Span(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def end_wait(pid: int) -> bool:
    """End the call in which the main thread of a process waits.

    Parameters
    ----------
    pid : int
        The process.

    Returns
    -------
    bool
        False if it did not wait in such a call, or the system does not allow it.
    """
    if platform.machine() != "x86_64" or read_state(pid) != "S":
        return False
    try:
        _trace(_SEIZE, pid)
    except OSError:
        return False
    try:
        _trace(_INTERRUPT, pid)
        return _has_stopped(pid) and _change_result(pid)
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            _trace(_DETACH, pid)


def _change_result(pid: int) -> bool:
    registers = (ctypes.c_ulong * _REGISTERS)()
    span = _Span(ctypes.cast(registers, ctypes.c_void_p), ctypes.sizeof(registers))
    _trace(_GET_REGISTERS, pid, _GENERAL, ctypes.byref(span))
    call, result = (ctypes.c_long(registers[place]).value for place in (_ORIG_RAX, _RAX))
    if call not in _WAITS or result not in _RESTARTED:
        return result == -errno.EINTR
    registers[_RAX] = ctypes.c_ulong(-errno.EINTR).value
    registers[_ORIG_RAX] = ctypes.c_ulong(-1).value
    _trace(_SET_REGISTERS, pid, _GENERAL, ctypes.byref(span))
    return True


def _has_stopped(pid: int) -> bool:
    """Wait until the thread has stopped."""
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        found, _ = os.waitpid(pid, _WALL | os.WNOHANG)
        if found:
            return True
        time.sleep(0.001)
    return False


def _trace(request: int, pid: int, address: int = 0, data: object = None) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    library.ptrace.restype = ctypes.c_long
    library.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    if library.ptrace(request, pid, address, data) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
