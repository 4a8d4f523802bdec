"""Scales a table, decorated as for memory_profiler: what runs it has put `profile` among the builtins.

Its fault: for a moment `scale` needs a table more than it keeps, which no sample of the process shows by line.
"""

import numpy as np


@profile  # noqa: F821
def scale(table):
    """Return the columns without their mean, large values nearer to the others."""
    centred = table - table.mean(axis=0)
    return centred / np.sqrt(centred**2 + 1)


@profile  # noqa: F821
def main():
    """Scale a table of ones, beside one that is never used."""
    table = np.ones((2_000_000, 5))
    unused = np.zeros((2_000_000, 5))
    scaled = scale(table)
    return scaled.sum() + unused[0, 0]


main()
