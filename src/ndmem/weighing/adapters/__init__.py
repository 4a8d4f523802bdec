"""One module for each library: the memory of its objects, and the names of their parts.

Each has ``RULES`` and, where children have names of their own, ``CHILDREN``, by the full name of the type.
"""
