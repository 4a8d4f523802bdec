"""What a run was allowed, recorded while it is measured."""

from pathlib import Path

import numpy as np
import pytest
from tests.system.running import Place, write_program

import ndmem

MIB = 1024 * 1024


def test_the_limit_is_the_one_that_binds_here() -> None:
    """A run has source, place and bytes of the limit that `ndmem.limits` says binds first."""
    with ndmem.track() as run:
        pass
    binding, found = ndmem.limits().binding, run.trace.run.limit
    assert binding is not None
    assert found is not None
    assert (found.source, found.name, found.nbytes) == (binding.source.value, binding.name, binding.nbytes)
    assert 0 < found.free_nbytes <= found.nbytes


def test_a_launched_program_has_its_limit_while_it_runs(tmp_path: Path) -> None:
    """The journal of a program that was killed together with its launcher says the limit."""
    source = "import os, signal\nimport numpy as np\nnp.ones(10**6)\nfor pid in (os.getppid(), os.getpid()):\n"
    source += "    os.kill(pid, signal.SIGKILL)\n"
    Place(tmp_path).run_ndmem("run", "-o", "out.ndmem", write_program(tmp_path, source))
    binding, found = ndmem.limits().binding, ndmem.load(tmp_path / "out.ndmem").trace.run.limit
    assert binding is not None
    assert found is not None
    assert (found.source, found.nbytes) == (binding.source.value, binding.nbytes)


def test_the_budget_is_the_one_at_the_peak() -> None:
    """Of budgets one after the other the one counts in which the peak was; the lowest of those that nest."""
    with ndmem.track() as run:
        with ndmem.limit("700 MiB"):
            np.ones(1000)
        with ndmem.limit("900 MiB"), ndmem.limit("800 MiB"), ndmem.limit("950 MiB"):
            np.ones(100_000)
        with ndmem.limit("750 MiB"):
            np.ones(1000)
    assert run.trace.run.budget_nbytes == 800 * MIB


def test_a_peak_outside_a_budget_has_none() -> None:
    """A budget that was in force at another moment than the peak is not the peak's."""
    with ndmem.track() as before:
        np.ones(100_000)
        with ndmem.limit("700 MiB"):
            np.ones(1000)
    with ndmem.track() as after:
        with ndmem.limit("700 MiB"):
            np.ones(1000)
        np.ones(100_000)
    assert before.trace.run.budget_nbytes is after.trace.run.budget_nbytes is None


def test_a_budget_from_before_the_start_counts() -> None:
    """A run inside a limit has its budget, from its first array on."""
    with ndmem.limit("700 MiB"), ndmem.track() as run:
        np.ones(100_000)
    assert run.trace.run.budget_nbytes == 700 * MIB


@pytest.mark.parametrize("options", [{"scope": "thread"}, {"resident": True}])
def test_budgets_of_something_else_are_not_those_of_all_arrays(options: dict[str, object]) -> None:
    """What one thread may have, and what may be resident, says nothing of what was left for arrays."""
    with ndmem.track() as run, ndmem.limit("900 MiB", **options):
        np.ones(100_000)
    assert run.trace.run.budget_nbytes is None
