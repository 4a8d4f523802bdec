"""Degrees of the nodes of a graph."""

import numpy as np
from scipy.sparse import coo_array


def degrees(edges, n):
    adjacency = coo_array((np.ones(len(edges)), edges.T), shape=(n, n)).tocsr()
    return adjacency.sum(axis=0) + adjacency.sum(axis=1)


edges = np.random.default_rng(1).integers(0, 1600, (20_000, 2))
print(degrees(edges, 1600)[:6])
