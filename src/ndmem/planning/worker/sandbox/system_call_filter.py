"""A filter of system calls (seccomp): the kernel refuses operations that Landlock does not cover, also to C code."""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator, Mapping
from typing import Final

from ndmem.platform.system import IS_LINUX

from . import system_calls as calls

_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP: Final = {"x86_64": 317, "aarch64": 277}
_SET_FILTER: Final = 1
_ALL_THREADS: Final = 1
_IS_AVAILABLE: Final = 2
_ALLOW: Final = 0x7FFF0000
_FAIL: Final = 0x00050000

# Instructions of the kernel's packet filter (BPF), and offsets in the data that it reads.
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_GREATER_EQUAL, _JUMP_IF_ANY, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16
_X32: Final = 0x40000000
"""Numbers from here on belong to the x32 interface of x86, which has numbers of its own."""

_CLONE_THREAD: Final = 0x00010000
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Query a terminal, pipe or file; set blocking mode; set close-on-exec.
_HARMLESS_CONTROLS: Final = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)

Numbers = Mapping[str, tuple[int, int | None]]
Instruction = tuple[int, int, int, int]


def is_available() -> bool:
    """Tell whether the kernel can filter system calls, and the numbers of this machine are known."""
    machine = platform.machine()
    if not IS_LINUX or machine not in calls.MACHINES or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    action = ctypes.c_uint32(_FAIL)
    return bool(ctypes.CDLL(None).syscall(_SECCOMP[machine], _IS_AVAILABLE, 0, ctypes.byref(action)) == 0)


def refuse_system_calls(landlock: int) -> None:
    """Make the kernel refuse system calls with effects outside this process from now on, irrevocably.

    Parameters
    ----------
    landlock : int
        Version of Landlock in force; at 0 no file can be opened for writing.

    Raises
    ------
    OSError
        If the kernel refuses the filter.
    """
    program = b"".join(struct.pack("=HBBI", *each) for each in _build(landlock))
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))) == 0:
        number = _SECCOMP[platform.machine()]
        if libc.syscall(number, _SET_FILTER, _ALL_THREADS, ctypes.create_string_buffer(header, len(header))) == 0:
            return
    raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")


def _build(landlock: int) -> Iterator[Instruction]:
    """Yield the filter's instructions."""
    machine = platform.machine()
    column, audit = calls.MACHINES[machine]
    yield (_LOAD, 0, 0, _MACHINE)
    yield (_JUMP_IF_EQUAL, 1, 0, audit)
    yield _fail(errno.ENOSYS)
    yield (_LOAD, 0, 0, _NUMBER)
    if machine == "x86_64":
        yield (_JUMP_IF_GREATER_EQUAL, 0, 1, _X32)
        yield _fail(errno.ENOSYS)
    yield from _refuse_changes(landlock, column)
    # Memory does not depend on the mode and times of files: the call returns success and changes nothing.
    yield from _answer(calls.CHANGES_METADATA, column, [_fail(0)])
    yield from _answer(calls.STARTS_PROCESSES, column, [_fail(errno.EPERM)])
    # A filter cannot read the flags of clone3, which are in memory. If clone3 fails, C libraries use clone.
    yield from _answer(calls.CLONES_BY_STRUCTURE, column, [_fail(errno.ENOSYS)])
    only_threads = [_load(0), (_JUMP_IF_ANY, 0, 1, _CLONE_THREAD), _allow(), _fail(errno.EPERM)]
    yield from _answer(calls.STARTS_THREADS_OR_PROCESSES, column, only_threads)
    yield from _answer(calls.NAMES_A_PROCESS_FIRST, column, _allow_values(0, (0, os.getpid()), errno.EPERM))
    yield from _answer(calls.CONTROLS_DEVICES, column, _allow_values(1, _HARMLESS_CONTROLS, errno.ENOTTY))
    yield from _answer(calls.TALKS, column, [_fail(errno.EACCES)])
    yield from _answer(calls.REACHES_OTHER_PROCESSES, column, [_fail(errno.EPERM)])
    yield from _answer(calls.ADMINISTERS, column, [_fail(errno.EPERM)])
    yield from _answer(calls.SHARES, column, [_fail(errno.ENOSYS)])
    yield _allow()


def _refuse_changes(landlock: int, column: int) -> Iterator[Instruction]:
    """Yield refusals of changes that Landlock does not cover: all without it, truncation before its version 3."""
    if landlock >= 3:
        return
    yield from _answer(calls.OPENS_BY_STRUCTURE, column, [_fail(errno.ENOSYS)])
    refusal = _fail(errno.EACCES)
    if landlock:
        yield from _answer(calls.TRUNCATES, column, [refusal])
        # It refuses to open for writing, but not to open for reading with O_TRUNC.
        tests = [(_AND, 0, 0, os.O_ACCMODE | os.O_TRUNC), (_JUMP_IF_EQUAL, 0, 1, os.O_TRUNC), refusal, _allow()]
    else:
        yield from _answer(calls.CHANGES_FILES, column, [refusal])
        tests = [(_JUMP_IF_ANY, 0, 1, _WRITING), refusal, _allow()]
    for flags, (name, number) in enumerate(calls.OPENS_FILES.items(), 1):
        yield from _answer({name: number}, column, [_load(flags), *tests])


def _answer(numbers: Numbers, column: int, tests: list[Instruction]) -> Iterator[Instruction]:
    """Yield instructions that apply the tests to each of these calls; other calls skip them."""
    for each in numbers.values():
        number = each[column]
        if number is not None:
            yield (_JUMP_IF_EQUAL, 0, len(tests), number)
            yield from tests


def _allow_values(argument: int, values: tuple[int, ...], error: int) -> list[Instruction]:
    """Return tests that allow a call whose argument has one of the values."""
    jumps = [(_JUMP_IF_EQUAL, len(values) - i, 0, value) for i, value in enumerate(values)]
    return [_load(argument), *jumps, _fail(error), _allow()]


def _load(argument: int) -> Instruction:
    """Load the low half of an argument, which both machines store first."""
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * argument)


def _allow() -> Instruction:
    return (_RETURN, 0, 0, _ALLOW)


def _fail(error: int) -> Instruction:
    """Make the call return this error; 0 makes it return success without an effect."""
    return (_RETURN, 0, 0, _FAIL | error)
