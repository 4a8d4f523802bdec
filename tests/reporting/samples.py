"""Traces for reports: some like those of a real program, some with malicious texts."""

from tests.traces import NUMPY, USER, Frame, TraceBuilder

from ndmem.model.holder import ArrayForm, Holder
from ndmem.model.trace import Trace

MIB = 1024 * 1024

SOURCE = """\
import numpy as np

def normalise(x):
    mean = x.mean(axis=0)
    return (x - mean) / x.std(axis=0)

raw = np.arange(26_214_400.0)
result = normalise(raw)
labels = [np.array([i]) for i in range(1000)]
"""


def place(lineno: int, function: str = "<module>", text: str | None = None) -> Frame:
    """Return the frame that runs a text of the source."""
    line = SOURCE.split("\n")[lineno - 1]
    columns = None if text is None else (line.index(text), line.index(text) + len(text))
    return Frame(USER, lineno, function, columns)


def pipeline(**run: object) -> Trace:
    """Return the trace of the source above."""
    builder = TraceBuilder()
    call = place(8, text="normalise(raw)")
    raw = builder.born((place(7, text="np.arange(26_214_400.0)"),), 200 * MIB, time_s=0.1)
    mean = builder.born((call, place(4, "normalise", "x.mean(axis=0)"), Frame(NUMPY, 118, "_mean")), MIB, time_s=0.2)
    minus = builder.born((call, place(5, "normalise", "x - mean")), 200 * MIB, time_s=0.3)
    std = place(5, "normalise", "x.std(axis=0)")
    inner = builder.born((call, std, Frame(NUMPY, 170, "_var")), 200 * MIB, time_s=0.4)
    builder.died(inner, (call, std, Frame(NUMPY, 200, "_var")), within=1, time_s=0.5)
    divide = (call, place(5, "normalise", "(x - mean) / x.std(axis=0)"))
    result = builder.born(divide, 200 * MIB, time_s=0.6)
    builder.died(minus, divide, within=1, time_s=0.6)
    builder.died(mean, (call,), within=0, time_s=0.6)
    for _ in range(1000):
        builder.born((place(9),), 8, time_s=0.7)
    holders = [
        Holder(builder.number(raw), "raw", "pipeline", (26214400,), "float64", is_view=False),
        Holder(builder.number(raw), "x", "normalise", (26214400,), "float64", is_view=False),
        Holder(builder.number(result), "head", "pipeline", (10,), "float64", is_view=True),
    ]
    forms = {builder.number(minus): ArrayForm((5120, 5120), "float64")}
    return builder.build(sources={USER: SOURCE}, holders=holders, forms=forms, **run)


FACTORING = """\
import numpy as np

def factor(a):
    return np.linalg.svd(a)

words = sorted(words)
u, s, v = factor(np.ones((1024, 2048)))
"""


def factoring(**run: object) -> Trace:
    """Return the trace of the source above: 16 MiB of arrays, 48 of work memory, 4 of a list, 8 of OpenBLAS."""
    lines = FACTORING.split("\n")

    def at(lineno: int, function: str, text: str) -> Frame:
        start = lines[lineno - 1].index(text)
        return Frame(USER, lineno, function, (start, start + len(text)))

    builder = TraceBuilder(native_threshold=64 * 1024)
    builder.native((at(6, "<module>", "sorted(words)"),), 4 * MIB, time_s=0.1)
    builder.born((at(7, "<module>", "np.ones((1024, 2048))"),), 16 * MIB, time_s=0.2)
    thread = builder.native((Frame("", 0, "<no Python frame>"),), 8 * MIB, time_s=0.3)
    svd = (at(7, "<module>", "factor(np.ones((1024, 2048)))"), at(4, "factor", "np.linalg.svd(a)"))
    inside = (*svd, Frame(NUMPY, 1700, "svd"))
    work = [builder.native(inside, nbytes * MIB, time_s=0.4) for nbytes in (32, 16)]
    for handle in work:
        builder.died(handle, inside, within=2, time_s=0.5)
    origins = {builder.number(thread): "libscipy_openblas64_-ff651d7f.so"}
    return builder.build(sources={USER: FACTORING}, origins=origins, **run)


HARM = "\x1b[31m\x07\u202e\udc80\x9b2J"
"""An escape sequence, a bell, a mark that reverses the direction of text, a lone surrogate, an 8-bit escape."""


def hostile() -> Trace:
    """Return a trace each of whose texts tries to break out of its place."""
    filename = f"/home/ada/[bold]{HARM}\n;<b>\t.py"
    source = f"x = '[red]{HARM}</code><script>' # " + "漢字" * 60 + "\ty"
    frame = Frame(filename, 1, f"f;[blink]{HARM}<i>", (0, 20))
    builder = TraceBuilder()
    builder.born((frame,), 5 * MIB)
    builder.died(builder.born((frame,), 2 * MIB), (frame,), within=0)
    builder.born((Frame("", 0, "<no Python frame>"),), 3 * MIB)
    holder = Holder(0, f"n[u]{HARM}<u>", f"m{HARM}", (5, 2**62), f"<V{HARM}", is_view=True)
    return builder.build(
        sources={filename: source},
        holders=[holder],
        notes=(f"[red]{HARM}\nnot measured",),
        program=(HARM, "-x;"),
    )


SCRIPT = "</script><script>document.title='harmed'</script><img src=x onerror=\"document.title='harmed'\">'\"{{7*7}}"


def harmful() -> Trace:
    """Return a trace each of whose texts tries to run a script in a page."""
    filename, builder = f"/home/ada/{SCRIPT}.py", TraceBuilder()
    frame = Frame(filename, 1, SCRIPT, (0, 20))
    builder.born((frame,), 5 * MIB)
    holder = Holder(0, SCRIPT, SCRIPT, (5,), SCRIPT, is_view=True)
    return builder.build(sources={filename: f"x = '{SCRIPT}'"}, holders=[holder], notes=(SCRIPT,), program=(SCRIPT,))
