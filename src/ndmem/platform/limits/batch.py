"""Read the memory limit that a batch system or container platform sets in the environment of a job."""

import re
from collections.abc import Mapping

_MIB = 1024**2
_SIZE = re.compile(r"0x(?P<hex>[0-9a-f]{1,16})|(?P<number>[0-9]{1,15})(?P<unit>[kmgt]?b?)", re.ASCII | re.IGNORECASE)
_PBS_UNITS = {letter + b: 1024**power for power, letter in enumerate(("", "k", "m", "g", "t")) for b in ("", "b")}


def batch_limits(environment: Mapping[str, str]) -> tuple[list[tuple[str, int]], list[str]]:
    """Return limits as name and bytes, and what could not be read, each a sentence.

    Parameters
    ----------
    environment : mapping
        As `os.environ`.

    Notes
    -----
    Slurm (man sbatch): ``SLURM_MEM_PER_NODE``, or ``SLURM_MEM_PER_CPU`` times ``SLURM_CPUS_ON_NODE``, or
    ``SLURM_MEM_PER_GPU`` times ``SLURM_GPUS_ON_NODE``, in MiB; 0 asks for the whole node. JupyterHub:
    ``MEM_LIMIT`` in bytes. AWS Lambda: ``AWS_LAMBDA_FUNCTION_MEMORY_SIZE`` in MiB. Nomad:
    ``NOMAD_MEMORY_MAX_LIMIT``, else ``NOMAD_MEMORY_LIMIT``, in MiB. LSF: ``LSB_CG_MEMLIMIT`` in bytes, written as
    ``0x…``, where it limits by control groups. PBS itself names no memory in the environment; sites that do use
    ``PBS_RESC_MEM``, bytes or a size as qsub takes it (``16gb``). These variables are what the job requested;
    the system may enforce it elsewhere, or not at all.
    """
    limits: list[tuple[str, int]] = []
    notes: list[str] = []

    def number(name: str) -> int | None:
        text = environment.get(name)
        if text is None:
            return None
        found = _SIZE.fullmatch(text.strip())
        if found is None:
            notes.append(f"{name} is {text[:40]!r}, which is not a number; it is ignored")
            return None
        return int(found["hex"], 16) if found["hex"] else int(found["number"]) * _PBS_UNITS[found["unit"].lower()]

    def add(name: str, value: int | None, unit: int) -> bool:
        if value:
            limits.append((name, value * unit))
        return bool(value)

    if not add("SLURM_MEM_PER_NODE", number("SLURM_MEM_PER_NODE"), _MIB):
        for each, count in (
            ("SLURM_MEM_PER_CPU", "SLURM_CPUS_ON_NODE"),
            ("SLURM_MEM_PER_GPU", "SLURM_GPUS_ON_NODE"),
        ):
            per, times = number(each), number(count)
            if per and times is None:
                notes.append(f"{each} is set but {count} is not: the job's limit is unknown")
            elif per:
                add(f"{each} * {count}", per * (times or 0), _MIB)
    add("MEM_LIMIT", number("MEM_LIMIT"), 1)
    add("LSB_CG_MEMLIMIT", number("LSB_CG_MEMLIMIT"), 1)
    add("PBS_RESC_MEM", number("PBS_RESC_MEM"), 1)
    add("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", number("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), _MIB)
    if not add("NOMAD_MEMORY_MAX_LIMIT", number("NOMAD_MEMORY_MAX_LIMIT"), _MIB):
        add("NOMAD_MEMORY_LIMIT", number("NOMAD_MEMORY_LIMIT"), _MIB)
    return limits, notes
