"""The tracker: a measured Trace of a running program.

`launch` starts a program with `inject/sitecustomize` in it, `child` works inside it, `program` sees it through and
`output` is its file; in the program `offspring` sees what it starts, `interpreter` knows a Python, `kinship` is the
process's place among the others and `folder` where their journals are, `meta` writes JSON, and `family` reads the
journals; `recorder` records in this process; `journal` reads what was written, `assemble` makes it a Trace and
`event_columns` its events, `folds` knows what was left out; `describe` says what the run is, `machine` what it may use,
`support` whether tracking works here; `preload` finds the library, `samples` looks at resident memory, `together` at
that of all processes of the run; `decorate`, `profile` and `line_events` are `@profile`. `totals` what a running one
has, `find` knows which journal a process writes, `follow` reads what was added to one, `watch` looks at a program again
and again, `ending` says how one ended. `program_limit` is the budget of a whole program, `meter` what measures for
`planning`.
"""
