"""Scale a table; functions are decorated as for memory_profiler, which adds `profile` to the builtins.

Its fault: for a moment `scale` needs one table more than it keeps; samples of the process do not show in which line.
"""

import numpy as np


@profile  # noqa: F821
def scale(table):
    """Return the columns without their mean, with large values compressed."""
    centred = table - table.mean(axis=0)
    return centred / np.sqrt(centred**2 + 1)


@profile  # noqa: F821
def main():
    """Scale a table of ones; a second table is allocated and hardly used."""
    table = np.ones((2_000_000, 5))
    unused = np.zeros((2_000_000, 5))
    scaled = scale(table)
    return scaled.sum() + unused[0, 0]


main()
