"""A limit without ``with`` and without a function limits nothing, and says so."""

import contextlib
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import ndmem
from ndmem.errors import BudgetExceeded

from .allocation_programs import make_empty


def test_a_limit_that_is_never_used_warns_where_it_was_written() -> None:
    """One warning, at the line of the call, with what was written."""
    with pytest.warns(UserWarning, match=r"limit\('1 GiB'\) was never used, so it limited nothing") as seen:
        ndmem.limit("1 GiB")
    assert [Path(each.filename).name for each in seen] == [Path(__file__).name]


def test_a_limit_that_is_discarded_later_warns_too() -> None:
    """The line is that of the call, not the one where the last reference went."""
    unused = ndmem.limit(factor=2.0)
    with pytest.warns(UserWarning, match=r"limit\(factor=2.0\)"):
        del unused


def test_a_limit_in_use_does_not_warn() -> None:
    """Neither a block, a decorator that is never called, its calls, nor a block that does not begin is unused."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with ndmem.limit("1 TiB"), contextlib.ExitStack() as stack:
            stack.enter_context(ndmem.limit("1 TiB"))

        @ndmem.limit("1 TiB")
        def work() -> int:
            return make_empty(10).nbytes

        work()
        ndmem.limit(factor=2.0)(work)
        kept = make_empty(1000)
        with pytest.raises(BudgetExceeded), ndmem.limit(10):
            pass
        assert kept.nbytes == 1000
        with pytest.raises(ndmem.UnitError):
            ndmem.limit("4 XB")


def test_the_end_of_the_program_does_not_warn(tmp_path: Path) -> None:
    """A limit that a module still has when the interpreter ends may have been meant for later: nothing is printed."""
    program = tmp_path / "program.py"
    program.write_text("import ndmem\nbudget = ndmem.limit('1 GiB')\nfactor = ndmem.limit(factor=2.0)\n", "utf-8")
    done = subprocess.run([sys.executable, program], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")
