"""The objects that a user gets, which print themselves: runs, predictions, comparisons, weights, breakdowns.

`run`, `prediction` with `predicting` and `predicted_lines`, `comparison`; and with their verbs `weight`, `live_arrays`
and `breakdown`.
"""
