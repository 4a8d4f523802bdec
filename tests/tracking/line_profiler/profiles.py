"""What `@ndmem.profile` reported to a test: the profiles of its calls, and the figures in them."""

import ndmem
from ndmem.model.profile import FunctionProfile

Figures = list[tuple[int, int, int, int, int]]
found: list[FunctionProfile] = []
profiled = ndmem.profile(report=found.append)


def figures(profile: FunctionProfile) -> Figures:
    """Lines from the decorator on, from 0: count, peak, temporary and net."""
    return [
        (line.lineno - profile.first_line, line.count, line.peak_nbytes, line.temporary_nbytes, line.net_nbytes)
        for line in profile.lines
    ]


def only() -> Figures:
    """The figures of the one profile there is."""
    (profile,) = found
    return figures(profile)
