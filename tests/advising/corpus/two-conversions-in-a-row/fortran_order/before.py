"""Bring a table into the layout of a Fortran library."""

import numpy as np

table = np.arange(1_200_000).reshape(1_200, 1_000)
matrix = np.asfortranarray(table.astype(np.float64))  # guilty
print(matrix.flags.f_contiguous, matrix[3, 4], table[3, 4])
