"""Watch what runs: attach to a program that was not started under ``ndmem run``, and read the figures of a service.

What runs inside such a program is in `ndmem.tracking.agent`.
"""
