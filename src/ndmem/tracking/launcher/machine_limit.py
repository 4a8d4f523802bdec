"""The memory limit of the machine when a run begins, as a journal's meta record has it."""

from typing import Any

from ndmem.platform.limits.machine_limits import limits


def describe_limit() -> dict[str, Any] | None:
    """Return the limit with the least free, as `MachineLimit` has it; ``None`` if none is known.

    Taken before the program starts: its own memory then counts as free.
    """
    binding = limits().binding
    if binding is None or binding.free is None:
        return None
    return {
        "source": binding.source.value,
        "name": binding.name,
        "nbytes": binding.nbytes,
        "free_nbytes": min(binding.free, binding.nbytes),
    }
