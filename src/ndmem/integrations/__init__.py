"""Where ndmem is called from: notebooks and other tools.

`ipython/` has the magics, `pytest/` the plugin, `memory_profiler/` that package's names, `mprof/` its command.
"""
