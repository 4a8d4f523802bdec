"""A control group of the kernel with a memory limit, where this machine lets one be made."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_GROUP = Path(f"/sys/fs/cgroup/memory/ndmem-test-{os.getpid()}")  # two processes may run tests at once


@contextmanager
def make_group(nbytes: int) -> Iterator[Path]:
    """Make a group (version 1) that may have so many bytes; its file ``tasks`` takes process ids in."""
    try:
        _GROUP.mkdir()
        (_GROUP / "memory.limit_in_bytes").write_text(str(nbytes))
    except OSError:
        pytest.skip("needs the rights to make a control group (version 1)")
    try:
        yield _GROUP
    finally:
        _GROUP.rmdir()
