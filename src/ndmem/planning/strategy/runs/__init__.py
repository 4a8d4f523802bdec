"""The kinds of runs beyond the small sizes, one module for each."""
