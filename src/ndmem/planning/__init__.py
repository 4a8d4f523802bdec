"""Predict the peak of a NumPy function before it runs: measure at small sizes, extrapolate to the real one.

One pipe: `arguments/` read what is asked, `worker/` runs the function at small sizes in another process, `strategy/`
chooses what to measure next, `extrapolation/` fits the measured runs, `forecast` draws the conclusions, with a
`confidence` label.
`solve_for_dim` inverts a prediction, `ghost` runs the real size with large arrays backed by a small shared window.
The meter that records runs is passed in: `tracking/meter`.
"""
