"""The nouns: frozen dataclasses that say what happened, without a view of it.

`trace` is a run and `columns` its events, `raw_run` the same before anything has a name, `site` a place, `holder` a
variable that has an array, `family` the processes of a run, `profile` one function's lines, `source` the statements
of a text, `codec` a trace as a file, `ending` how a run ended, `together` what processes had in RAM together,
`history` live bytes over time in little room, `machine_limit` what the machine allowed, `live_frame` one look at a
running program. `spec` is an array before it is made, `breakdown` with its `breakdown_table` and `conclusion` what
resident memory consists of, `excess` what passed a budget, `weight`, its `tree` and `live` what objects hold.
"""
