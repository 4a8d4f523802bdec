"""A Python whose frames lie otherwise than those that the core was compiled for is refused at import."""

import subprocess
import sys

import pytest

# Changes one word of what CPython says of its own structures, as another release would, and imports the core.
_CHANGE = """
import ctypes, sys
words = (ctypes.c_uint64 * 80).from_address(ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime")))
field = sys.argv[1]
if field == "cookie":
    words[0] += 1
elif field == "version":
    words[1] += 1 << 16
elif field == "frame":
    # previous, executable and instr_ptr of a frame: the second, first and eighth word of it.
    start = next(i for i in range(80) if list(words[i : i + 3]) == [8, 0, 56])
    words[start] += 8
import ndmem._native
"""


def _import_core(field: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", _CHANGE, field], capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.version_info < (3, 13), reason="CPython publishes its offsets from 3.13 on")
@pytest.mark.parametrize(
    ("field", "named"), [("cookie", "its version"), ("version", "its version"), ("frame", "interpreter_frame.previous")]
)
def test_a_python_with_other_frames_is_refused_in_one_sentence(field: str, named: str) -> None:
    """The import fails with a sentence that names what differs, before any frame is read."""
    done = _import_core(field)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ImportError: ndmem was built for Python ")
    assert f" differs in {named}; reinstall ndmem for this Python" in last


@pytest.mark.skipif(sys.version_info < (3, 13), reason="CPython publishes its offsets from 3.13 on")
def test_the_python_that_the_core_was_built_for_is_not_refused() -> None:
    """Without a change the same import works."""
    assert _import_core("none").returncode == 0
