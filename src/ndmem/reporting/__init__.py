"""A Trace as text, JSON and the formats of other tools.

`text` lays out `figure_table`, `buffer_table` and `native_table` (of `block_rows`), `stack_list`, `process_table` and
`notes`; `json`, `folded`, `notebook`, `profile`, `stats`, `chrome`, `frame` (pandas), `diff_text` and `diff_json` are
other forms, `formats` chooses; `html/` is the page: `page` and `diff_page` fill a `template`, `timeline`, `icicles`,
`code`, `arrays` and `outlook` (of a prediction) are its data within `limits`, `plotlyjs` finds the library that
draws, `cell` is a notebook's; `view` is a choice of what the text shows, `call_tree` and `sparkline` are parts of it;
`live_view` is a frame of `ndmem live`; `moments` names moments; `paths` and `plain` make names short and safe.
`weight` is the tree of an object.
"""
