"""Where ndmem is called from: notebooks and other tools.

There is for notebooks `magics`, with what they do (`measured`, `function_lines`, `predicted_call`, `watched_cells`,
`who_mem`) and show (`shown`), and for pytest `pytest_plugin` with `pytest_marks` and `pytest_baseline`.
`memory_profiler/` has that package's names: `decorator`, `line_profiler`, `table`, `time_stamper`, `usage`,
`backends`, `debugger`, `log_file`; `mprof/` its command: `sample`, `dat_file`, `choose`, `picture`.
"""
