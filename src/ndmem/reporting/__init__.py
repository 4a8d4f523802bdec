"""Reports of a Trace: `text/` for the terminal, `html/` for browsers and notebooks, `export/` for other programs.

`sentences/` writes the answer in words for all of them, `memory/` shows what objects and processes hold. `formats`
chooses among them; `view` is a choice of what the text shows, `moments` names moments, `paths`, `relative_path` and
`plain` make names short and safe to print, `prediction_words` has the sentences of a prediction.
"""
