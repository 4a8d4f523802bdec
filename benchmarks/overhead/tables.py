"""Write measurements as text for a terminal and for the README."""

from collections.abc import Callable, Sequence

from bars import Bar, find_noise, find_ratios
from interleave import Measurement, Sample
from profilers import PLAIN
from scale import LargeTrace, LiveArrays

QUANTITIES: dict[str, Callable[[Sample], float]] = {
    "CPU time inside the program": lambda sample: sample.inside_cpu_s,
    "wall time inside the program": lambda sample: sample.inside_wall_s,
    "wall time from start to printed report": lambda sample: sample.whole_wall_s,
}


def write_tables(
    measured: Sequence[Measurement], live: Sequence[LiveArrays], trace: LargeTrace, bars: Sequence[Bar]
) -> str:
    """Write all tables, one after the other, in Markdown that reads well as it is."""
    parts = [_write_ratios(title, measured, quantity) for title, quantity in QUANTITIES.items()]
    parts += [
        _write_noise(measured),
        _write_problems(measured),
        _write_live(live),
        _write_trace(trace),
        _write_bars(bars),
    ]
    return "\n\n".join(part for part in parts if part)


def _write_ratios(title: str, measured: Sequence[Measurement], quantity: Callable[[Sample], float]) -> str:
    ratios = find_ratios(measured, quantity)
    others = [name for name in ratios if name != PLAIN.name]
    rows = []
    for pair in measured:
        if pair.profiler.name == PLAIN.name:
            seconds = pair.median(quantity)
            first = "none" if seconds is None else f"{seconds:.2f} s"
            cells = ["none" if (ratio := ratios[name][pair.kernel.name]) is None else f"{ratio:.2f}" for name in others]
            rows.append([pair.kernel.name, first, *cells])
    return _write_table(f"{title}, ratio of medians to plain", ["kernel", "plain", *others], rows)


def _write_noise(measured: Sequence[Measurement]) -> str:
    """Say how far two plain runs are apart: a smaller difference means nothing."""
    lines = []
    for title, quantity in QUANTITIES.items():
        apart = find_noise(find_ratios(measured, quantity))
        if apart is not None:
            lines.append(f"noise: {title}, control differs from plain by up to {apart:.1%}")
    return "\n".join(lines)


def _write_problems(measured: Sequence[Measurement]) -> str:
    """List why a cell says "none", one line for each reason."""
    kernels: dict[tuple[str, str], list[str]] = {}
    for pair in measured:
        if pair.problem:
            kernels.setdefault((pair.profiler.name, pair.problem), []).append(pair.kernel.name)
    return "\n".join(f"none: {name}, {problem} ({', '.join(where)})" for (name, problem), where in kernels.items())


def _write_live(live: Sequence[LiveArrays]) -> str:
    plain = next((each.median_rss_nbytes for each in live if each.profiler.name == PLAIN.name), None)
    rows = []
    for each in live:
        resident = each.median_rss_nbytes
        added = "none" if resident is None or plain is None else f"{(resident - plain) / 2**20:+.0f} MiB"
        shown = "none" if resident is None else f"{resident / 2**20:.0f} MiB"
        rows.append([each.profiler.name, shown, added, each.problem or ""])
    return _write_table("1 million live small arrays", ["profiler", "RSS", "to plain", ""], rows) if rows else ""


def _write_trace(trace: LargeTrace) -> str:
    title = "A trace of 5 million events"
    if trace.problem and not trace.steps:
        return f"{title}: {trace.problem}"
    size = "none" if trace.file_nbytes is None else f"{trace.file_nbytes / 2**20:.1f} MiB"
    events = "none" if trace.events is None else f"{trace.events:,}"
    rows = [[step, f"{wall_s:.2f} s", f"{rss / 2**20:.0f} MiB"] for step, (wall_s, rss) in trace.steps.items()]
    table = _write_table(f"{title}: {events} events, file of {size}", ["step", "wall", "peak RSS"], rows)
    return f"{table}\n{trace.problem}" if trace.problem else table


def _write_bars(bars: Sequence[Bar]) -> str:
    rows = [
        [bar.promise, f"{bar.limit:g}", "none" if bar.figure is None else f"{bar.figure:.2f}", bar.verdict]
        for bar in bars
    ]
    return _write_table("Promises", ["promise", "at most", "measured", ""], rows)


def _write_table(title: str, head: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    aligned = [
        "| " + " | ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) + " |"
        for row in [head, *rows]
    ]
    rule = "|" + "|".join(f"{'-' * (width + 1)}{':' if column else '-'}" for column, width in enumerate(widths)) + "|"
    return "\n".join([f"{title}", "", aligned[0], rule, *aligned[1:]])
