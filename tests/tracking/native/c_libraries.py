"""Small libraries in C that take memory as real ones do, compiled where a test needs one."""

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

_COMPILER = shutil.which("cc") or shutil.which("gcc")

needs_compiler = pytest.mark.skipif(_COMPILER is None, reason="there is no C compiler")

MAP = """
#define _GNU_SOURCE
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
static void *map_with(size_t nbytes, int protection, int flags)
{
    return mmap(0, nbytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}
void *map(size_t nbytes) { return map_with(nbytes, PROT_READ | PROT_WRITE, 0); }
void *reserve(size_t nbytes) { return map_with(nbytes, PROT_READ | PROT_WRITE, MAP_NORESERVE); }
void *forbid(size_t nbytes) { return map_with(nbytes, PROT_NONE, 0); }
int allow(void *at, size_t nbytes) { return mprotect(at, nbytes, PROT_READ | PROT_WRITE); }
int give_back(void *at, size_t nbytes) { return madvise(at, nbytes, MADV_DONTNEED); }
int unmap(void *at, size_t nbytes) { return munmap(at, nbytes); }
/* Huge pages would make more of a range come into use than is touched. */
void touch(void *at, size_t nbytes) { madvise(at, nbytes, MADV_NOHUGEPAGE); memset(at, 1, nbytes); }
"""
"""A library that maps memory when it is told to."""

DECLARE = """
import ctypes
size, pointer = ctypes.c_size_t, ctypes.c_void_p
def load(path):
    library = ctypes.CDLL(path)
    for name in ("map", "reserve", "forbid"):
        getattr(library, name).restype, getattr(library, name).argtypes = pointer, [size]
    for name in ("allow", "give_back", "unmap", "touch"):
        getattr(library, name).argtypes = [pointer, size]
    return library
MIB = 1 << 20
"""
"""What a program needs to call it."""


def compile_library(folder: Path, name: str, text: str, *options: str) -> Path:
    """Compile a shared library; its path is ``folder / name``."""
    folder.mkdir(exist_ok=True)
    library = folder / name
    library.write_bytes(_compile(text, options))
    return library


@functools.cache
def _compile(text: str, options: tuple[str, ...]) -> bytes:
    """Compile a text once for all tests, and return the library."""
    assert _COMPILER is not None
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "library.c", Path(folder) / "library.so"
        source.write_text(text)
        command = [_COMPILER, "-O1", "-shared", "-fPIC", "-o", str(library), str(source), "-lpthread", "-ldl", *options]
        subprocess.run(command, check=True, capture_output=True)
        return library.read_bytes()
