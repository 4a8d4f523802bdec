"""Read from the environment which rank of a parallel job this process is, and what memory its job asked for.

Launchers set variables in the environment of each rank, before it starts: no MPI library is needed to read them.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from ndmem.model.memory_request import MemoryRequest
from ndmem.model.rank import Rank

from .limits.batch import batch_limits

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)

_LAUNCHERS = (
    # Set for each process by mpirun; below it, daemons that srun started have the variables of Slurm for themselves.
    ("Open MPI", "OMPI_COMM_WORLD_RANK", ("OMPI_COMM_WORLD_SIZE",)),
    ("MVAPICH", "MV2_COMM_WORLD_RANK", ("MV2_COMM_WORLD_SIZE",)),
    ("MVAPICH", "MVP_COMM_WORLD_RANK", ("MVP_COMM_WORLD_SIZE",)),
    ("jsrun", "JSM_NAMESPACE_RANK", ("JSM_NAMESPACE_SIZE",)),
    ("Flux", "FLUX_TASK_RANK", ("FLUX_JOB_SIZE",)),
    # MPICH, Intel MPI and Cray's, and srun --mpi=pmi2.
    ("PMI", "PMI_RANK", ("PMI_SIZE",)),
)
"""Launchers with the variables of rank and number of ranks; the first that is set counts."""

_SLURM_SIZES = ("SLURM_STEP_NUM_TASKS", "SLURM_NTASKS", "SLURM_NPROCS")
_BATCH_JOBS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID")
_MPI_JOBS = ("PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid")

_REQUESTS = {"SLURM_MEM_PER_NODE": "--mem", "SLURM_MEM_PER_CPU": "--mem-per-cpu", "SLURM_MEM_PER_GPU": "--mem-per-gpu"}


def find_rank(environment: Mapping[str, str] | None = None) -> Rank | None:
    """Return the rank of this process; ``None`` if no launcher of parallel jobs started it.

    Parameters
    ----------
    environment : mapping, optional
        As `os.environ`, which is the default.
    """
    given = os.environ if environment is None else environment
    found = _find_number(given)
    if found is None:
        return None
    launcher, number, size = found
    if size is not None and size <= number:
        size = None  # variables of two launchers, one inside the other
    return Rank(number, size, launcher, _find_job(given, launcher), given.get("SLURMD_NODENAME") or _name_host())


def find_memory_request(environment: Mapping[str, str] | None = None) -> MemoryRequest | None:
    """Return the memory that the job of this process asked Slurm for; ``None`` if that is unknown.

    Parameters
    ----------
    environment : mapping, optional
        As `os.environ`, which is the default.
    """
    given = os.environ if environment is None else environment
    for name, nbytes in batch_limits(given)[0]:
        variable, _, times = name.partition(" * ")
        if variable in _REQUESTS and nbytes:
            count = (_read(given, times) if times else 1) or 1
            return MemoryRequest(_REQUESTS[variable], nbytes // count, count)
    return None


def _find_number(given: Mapping[str, str]) -> tuple[str, int, int | None] | None:
    """Return launcher, rank and number of ranks."""
    for launcher, variable, sizes in _LAUNCHERS:
        number = _read(given, variable)
        if number is not None:
            return launcher, number, _read(given, *sizes)
    number = _read(given, "PMIX_RANK")
    if number is not None and not given.get("PMIX_NAMESPACE", "").startswith("slurm"):
        return "PMIx", number, None
    number = _read(given, "SLURM_PROCID")
    if number is None or _is_batch_script(given, number):
        return None
    return "Slurm", number, _read(given, *_SLURM_SIZES)


def _is_batch_script(given: Mapping[str, str], number: int) -> bool:
    """Whether this is the script of a job, not a task that srun started.

    The script runs once, with the variables of task 0: only srun sets the number of a step.
    """
    return number == 0 and "SLURM_STEP_ID" not in given and "SLURM_JOB_NODELIST" in given


def _find_job(given: Mapping[str, str], launcher: str) -> str | None:
    """Return what tells the job from others: the same for all ranks, on every node."""
    batch = [given[name] for name in _BATCH_JOBS if given.get(name)][:1]
    # The step of a daemon that srun started on some nodes is not that of mpirun's ranks.
    steps = ("SLURM_STEP_ID",) if launcher == "Slurm" else _MPI_JOBS
    step = [given[name] for name in steps if given.get(name)][:1]
    return ".".join([*batch, *step]) or None


def _read(given: Mapping[str, str], *names: str) -> int | None:
    """Return the first of some variables that is a number."""
    for name in names:
        text = given.get(name, "").strip()
        if _NUMBER.fullmatch(text):
            return int(text)
    return None


def _name_host() -> str:
    return os.uname().nodename if hasattr(os, "uname") else ""
