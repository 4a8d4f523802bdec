"""memory_profiler's ``mprof``: the memory of a process over time, in the text file that it reads and writes too."""
