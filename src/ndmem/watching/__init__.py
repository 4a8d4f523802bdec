"""Watch what runs: attach to a program, show it on a page, and read the figures of a service.

What runs inside such a program is in `ndmem.tracking.agent`.
"""
