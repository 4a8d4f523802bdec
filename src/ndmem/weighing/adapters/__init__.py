"""One module a library: what its objects hold, and what their parts are called.

Each has ``RULES`` and, where children have names of their own, ``CHILDREN``, by the full name of the type.
"""
