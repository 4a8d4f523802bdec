"""The nouns: frozen data that says what happened, without text or views.

A run: `trace` is the whole, `columns` its call tree, counters, events and samples,
`site` a place, `holder` a variable that holds an array, `ending` how the run ended, `machine_limit` what the machine
allowed, `family` its processes, `together` their resident memory, `history` live bytes over time in constant space,
`live_frame` the state of a running program, `profile` one function's lines, `source` the statements of a text.
`trace_file/` is a trace as a file.

Objects and processes: `spec` describes an array that need not exist, `memory/` what objects and processes hold.
"""
