"""Data computed from a Trace: pure functions, nothing here measures.

`index` computes each fact of a trace once. `call_tree/` passes over the call tree and finds the user's code, `tables/`
computes the rows of lines and functions, `over_time/` the timeline. `domains` separates arrays and native blocks,
`moment` and `peak` find moments, `live` the buffers of a moment, `measure` the bytes of each stack that count.
`answer/` has the data of the first sentences, `stats` that of totals, `diff` compares two runs.
"""
