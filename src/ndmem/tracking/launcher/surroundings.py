"""What surrounds a run when it begins, as a journal's meta record has it: limit, rank, and the memory asked for."""

from dataclasses import asdict
from typing import Any

from ndmem.platform.ranks import find_memory_request, find_rank

from .machine_limit import describe_limit


def describe_surroundings() -> dict[str, Any]:
    """Return the fields ``limit``, ``rank`` and ``request`` of the meta record; ``None`` for what is unknown."""
    rank, request = find_rank(), find_memory_request()
    return {
        "limit": describe_limit(),
        "rank": None if rank is None else asdict(rank),
        "request": None if request is None else asdict(request),
    }
