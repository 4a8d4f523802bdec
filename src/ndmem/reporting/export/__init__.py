"""A Trace for other programs: JSON, flame graphs, Chrome's trace viewer, a pandas DataFrame."""
