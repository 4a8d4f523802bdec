"""One module for each library: the memory of its objects, and the names of their parts.

Each has ``RULES`` and, where children have names of their own, ``CHILDREN``, by the full name of the type. ``SEEN`` has
names, or beginnings of names up to a dot, of types written in C whose instances hold only what CPython reports.
"""
