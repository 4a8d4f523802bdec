"""The peak of a NumPy function before it is run: measured at small sizes, carried to the real one.

It is one pipe: `dims` and `pattern` say what is asked, `bind` makes `arguments` of what was passed (`samples`,
`tables`), `line` chooses the sizes, a `ladder` asks a `child` for runs by `request` and `messages` (in it `serving`,
`sandbox` and `work`, with `constants`, `cut` and `rise`), or a `fresh` interpreter where `stillness` shows that a
fork hangs; `climb` goes on to larger sizes and `further` beyond `crossings`, `match` compares runs, `fit` and `reuse`
make an `estimate`, `predicted_trace` or `envelope_trace` a Trace of it, `formula` finds polynomials, `native` what is
in RAM beside arrays, `pace` the time; `forecast` concludes with `doubts`, `remainders` and a `label`. `inverse` reads
it backwards, `ghost` verifies it. What measures is given to it: `tracking/meter`.
"""
