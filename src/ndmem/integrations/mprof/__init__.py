"""memory_profiler's ``mprof``: sample the memory of a process into the same text files."""
