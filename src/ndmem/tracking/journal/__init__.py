"""Read journals: the file that a tracked process writes while it runs.

`reader` reads a journal: `header`, `blocks`, `records`, and `compacted` for events that were left out. `events` and
`assemble` make a Trace of it, `load` reads a file of either kind, `children` the traces of all processes of a run.
`follow` and `watch` read a journal that is still written, `locate` finds it, `totals` reads its live bytes, `empty_run`
recognizes without NumPy a run without arrays, `ending` tells how the process ended.
"""
