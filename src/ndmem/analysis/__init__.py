"""Data computed from a Trace: pure functions, nothing here measures.

`index` computes each fact of a trace once. `call_tree/` passes over the call tree and finds the user's code, `tables/`
computes the rows of lines and functions, `over_time/` the timeline. `domains` separates arrays and native blocks,
`moment` and `peak` find moments, `live` the buffers of a moment, `measure` the bytes of each stack that count.
`answer`, `total`, `ending`, `headroom` and `stats` have the data of sentences and totals, `diff` compares two runs.
"""
