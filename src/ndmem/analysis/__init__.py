"""Views of a Trace: pure functions, nothing here measures.

`frames` knows the user's code, `tree` and `fold` pass over the call tree, `figures` gives `lines` and `functions`
their columns, which `rows` sums, `domains` keeps arrays and native blocks apart, `total` and `total_sentence` bring
them together, `origin` names what libraries map, `stacks` weighs call stacks, `live` finds the arrays of a moment,
`expression` and `sources` their text; `moment`, `peak`, `answer`, `sentence`, `timeline`, `curve`, `stats`,
`processes`, `ending`, `diff`, `measure` (what of a stack counts), `room` (what was left of limit or budget), `layers`
(a timeline divided among lines) and `icicle` (stacks joined to a tree of lines) are what their names say.
"""
