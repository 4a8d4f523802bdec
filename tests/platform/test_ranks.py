"""Which rank of a parallel job a process is, and what its job asked for, by the variables of its launcher."""

import os

import pytest

from ndmem.model.memory_request import MemoryRequest
from ndmem.model.rank import Rank
from ndmem.platform.ranks import find_memory_request, find_rank

GIB = 1024**3
HOST = os.uname().nodename

SRUN = {
    "SLURM_PROCID": "3",
    "SLURM_NTASKS": "16",
    "SLURM_STEP_NUM_TASKS": "8",
    "SLURM_JOB_ID": "4711",
    "SLURM_STEP_ID": "2",
    "SLURMD_NODENAME": "node07",
    "SLURM_JOB_NODELIST": "node[06-07]",
}
"""Of a task that srun started with 8 tasks in a job of 16."""

BATCH = {"SLURM_PROCID": "0", "SLURM_NTASKS": "16", "SLURM_JOB_ID": "4711", "SLURM_JOB_NODELIST": "node[06-07]"}
"""Of the script of a job, which runs once."""


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (SRUN, Rank(3, 8, "Slurm", "4711.2", "node07")),
        ({**SRUN, "PMIX_RANK": "3", "PMIX_NAMESPACE": "slurm.pmix.4711.2"}, Rank(3, 8, "Slurm", "4711.2", "node07")),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "2"}, Rank(0, 2, "Slurm", None, HOST)),
        (
            {"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "4", "PMIX_RANK": "1", "PMIX_NAMESPACE": "563609601"},
            Rank(1, 4, "Open MPI", "563609601", HOST),
        ),
        # A daemon that srun started on each node has a step and a number of its own; the ranks are mpirun's.
        (
            {**SRUN, "OMPI_COMM_WORLD_RANK": "12", "OMPI_COMM_WORLD_SIZE": "16", "PMIX_NAMESPACE": "prterun-a-9@1"},
            Rank(12, 16, "Open MPI", "4711.prterun-a-9@1", "node07"),
        ),
        ({"PMI_RANK": "2", "PMI_SIZE": "4", "MPI_LOCALRANKID": "0"}, Rank(2, 4, "PMI", None, HOST)),
        ({"MV2_COMM_WORLD_RANK": "2", "MV2_COMM_WORLD_SIZE": "4"}, Rank(2, 4, "MVAPICH", None, HOST)),
        ({"MVP_COMM_WORLD_RANK": "0", "MVP_COMM_WORLD_SIZE": "1"}, Rank(0, 1, "MVAPICH", None, HOST)),
        ({"PMIX_RANK": "5", "PMIX_NAMESPACE": "prterun-a-9@1"}, Rank(5, None, "PMIx", "prterun-a-9@1", HOST)),
        ({"JSM_NAMESPACE_RANK": "5", "JSM_NAMESPACE_SIZE": "6", "LSB_JOBID": "88"}, Rank(5, 6, "jsrun", "88", HOST)),
        ({"FLUX_TASK_RANK": "5", "FLUX_JOB_SIZE": "6"}, Rank(5, 6, "Flux", None, HOST)),
        # A size that contradicts the rank is of another launcher, and values that are no numbers are of none.
        ({"PMI_RANK": "4", "PMI_SIZE": "4"}, Rank(4, None, "PMI", None, HOST)),
        ({"PMI_RANK": "first", "PMI_SIZE": "4"}, None),
        ({"PMI_RANK": "-1"}, None),
        ({"SLURM_PROCID": "٣", "SLURM_NTASKS": "4"}, None),
        (BATCH, None),
        ({}, None),
    ],
)
def test_the_rank_is_that_of_the_launcher(environment: dict[str, str], expected: Rank | None) -> None:
    """Each launcher's variables give rank, size and job; the script of a Slurm job is not a rank."""
    assert find_rank(environment) == expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"SLURM_MEM_PER_NODE": "8192"}, MemoryRequest("--mem", 8 * GIB, 1)),
        (
            {"SLURM_MEM_PER_CPU": "2048", "SLURM_CPUS_ON_NODE": "4"},
            MemoryRequest("--mem-per-cpu", 2 * GIB, 4),
        ),
        (
            {"SLURM_MEM_PER_GPU": "2048", "SLURM_GPUS_ON_NODE": "2"},
            MemoryRequest("--mem-per-gpu", 2 * GIB, 2),
        ),
        ({"SLURM_MEM_PER_NODE": "0"}, None),  # the whole node
        ({"SLURM_MEM_PER_CPU": "2048"}, None),
        ({"SLURM_MEM_PER_NODE": "much"}, None),
        ({"MEM_LIMIT": "1000"}, None),  # JupyterHub's, which nobody asked for
        ({}, None),
    ],
)
def test_what_a_job_asked_for(environment: dict[str, str], expected: MemoryRequest | None) -> None:
    """Slurm's variables give the option, its bytes and how many CPUs or GPUs it counts for."""
    assert find_memory_request(environment) == expected
