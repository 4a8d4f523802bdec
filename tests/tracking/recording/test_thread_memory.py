"""The memory that each thread has for libraries: ndmem takes none of the little that is kept for those loaded later."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.tracking.native.c_libraries import compile_library, needs_compiler

pytestmark = [pytest.mark.skipif(sys.platform != "linux", reason="it is a matter of Linux's loader"), needs_compiler]

_TAKE = '__thread char room[{size}] __attribute__((tls_model("initial-exec")));\nchar *get(void) {{ return room; }}\n'

_PROGRAM = """
import ctypes, itertools, shutil, sys
for size in (64, 8):
    for i in itertools.count():
        shutil.copy(f"take{size}.so", f"take{size}_{i}.so")
        try:
            ctypes.CDLL(f"./take{size}_{i}.so")
        except OSError as error:
            assert "static TLS" in str(error), error
            break
import ndmem._native, ndmem._walk
print("loaded")
"""


def test_the_extensions_load_where_threads_have_no_room_left(tmp_path: Path) -> None:
    """Where other libraries have used up the reserve of thread memory, ndmem's extensions still load."""
    for size in (64, 8):
        compile_library(tmp_path, f"take{size}.so", _TAKE.format(size=size))
    done = subprocess.run([sys.executable, "-c", _PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "loaded\n", "")
