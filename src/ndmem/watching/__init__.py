"""Watch programs that were not started under ``ndmem run``: attach to a running one.

What runs in ndmem's own process is here; what runs inside the program is in `ndmem.tracking.agent`.
"""
