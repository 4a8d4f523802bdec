"""A picture of sampled runs: memory over time, with the calls of functions, drawn by Plotly."""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from html import escape
from pathlib import Path
from typing import Any, Final

import numpy as np

from ndmem.errors import MissingError
from ndmem.reporting.html.charts.plotlyjs import plotlyjs_file
from ndmem.reporting.html.figure_page import write_figure_page
from ndmem.reporting.plain import plain

from .dat_file import Call, Sample, SampledRun

HTML: Final = (".html", ".htm")
IMAGES: Final = (".png", ".jpg", ".jpeg", ".webp", ".svg", ".pdf")
_PEAK: Final = {"color": "#ee6677", "dash": "dash", "width": 1}
_INK: Final = "#242424"
_AXIS: Final = {
    "automargin": True, "showgrid": False, "zeroline": False, "showline": True, "linecolor": _INK, "ticks": "outside",
}  # fmt: skip


class Calls(Enum):
    """How calls of functions are drawn."""

    BRACKETS = "brackets"
    FLAME = "flame"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Picture:
    """What the picture shows of the runs.

    Attributes
    ----------
    title : str or None
        The command of a single run, if not given.
    window : (float, float) or None
        Seconds since the start of a run between which it is shown.
    calls : Calls
        How calls are drawn; those of several runs never are.
    slope : bool
        Add the straight line through the samples.
    """

    title: str | None = None
    window: tuple[float, float] | None = None
    calls: Calls = Calls.BRACKETS
    slope: bool = False


def draw(runs: Sequence[SampledRun], picture: Picture, output: Path) -> None:
    """Draw runs, each from its own start, and write the picture as its file's name says.

    Raises
    ------
    MissingError
        For an image, if Kaleido or the browser that it draws with is missing.
    OSError
        If the file cannot be written.
    """
    title = picture.title if picture.title is not None else runs[0].command if len(runs) == 1 else ""
    _write(draw_figure(runs, picture, title), output, title)


def draw_figure(runs: Sequence[SampledRun], picture: Picture, title: str) -> dict[str, Any]:
    """Return the picture as Plotly's JavaScript takes it."""
    figure: dict[str, Any] = {"data": [], "layout": _lay_out(title, picture.window)}
    for run in runs:
        _draw_run(figure, run, picture)
    if len(runs) == 1 and picture.calls is not Calls.NONE:
        _draw_calls(figure, runs[0], picture.calls)
    return figure


def _lay_out(title: str, window: tuple[float, float] | None) -> dict[str, Any]:
    return {
        "title": {"text": _inert(title), "x": 0.05},
        "font": {"color": _INK},
        "hovermode": "closest",
        "hoverlabel": {"align": "left"},
        "xaxis": {
            **_AXIS,
            "title": {"text": "time (in seconds)", "standoff": 15},
            **({} if window is None else {"range": [*window]}),
        },
        "yaxis": {**_AXIS, "title": {"text": "memory used (in MiB)", "standoff": 15}},
        "shapes": [],
    }


def _draw_run(figure: dict[str, Any], run: SampledRun, picture: Picture) -> None:
    start = _start(run)
    ends = [sample for call in run.calls for sample in (call.begin, call.end)]
    samples = sorted([*run.samples, *ends], key=lambda sample: sample.time_s)
    began = f"{datetime.fromtimestamp(start):%d / %m / %Y - start at %H:%M:%S.%f}"[:-3]
    _draw_line(figure, samples, start, began, slope=picture.slope)
    for child, of_child in run.children.items():
        _draw_line(figure, of_child, start, f"child {child}", slope=picture.slope)
    peak = max(samples, key=lambda sample: sample.memory_mib)
    time_s, memory = peak.time_s - start, peak.memory_mib
    figure["layout"]["shapes"] += [
        {"type": "line", "line": _PEAK, "x0": 0, "x1": 1, "xref": "x domain", "y0": memory, "y1": memory, "yref": "y"},
        {"type": "line", "line": _PEAK, "x0": time_s, "x1": time_s, "xref": "x", "y0": 0, "y1": 1, "yref": "y domain"},
    ]


def _draw_line(figure: dict[str, Any], samples: Sequence[Sample], start: float, name: str, *, slope: bool) -> None:
    times = np.array([sample.time_s - start for sample in samples])
    memory = np.array([sample.memory_mib for sample in samples])
    trend = None
    if slope and np.ptp(times) > 0:
        trend = np.polynomial.Polynomial.fit(times, memory, 1).convert()
        name += f" slope {trend.coef[-1]:.5f}"
    figure["data"].append({
        "type": "scatter", "x": times.round(4).tolist(), "y": memory.tolist(), "mode": "lines+markers",
        "name": _inert(name),
    })  # fmt: skip
    if trend is not None:
        ends = times[[0, -1]]
        figure["data"].append({
            "type": "scatter", "x": ends.tolist(), "y": trend(ends).tolist(), "mode": "lines",
            "line": {"dash": "dot", "width": 1}, "showlegend": False,
        })  # fmt: skip


def _draw_calls(figure: dict[str, Any], run: SampledRun, calls: Calls) -> None:
    start = _start(run)
    by_function: dict[str, list[Call]] = {}
    for call in run.calls:
        by_function.setdefault(call.function, []).append(call)
    for function, of_it in by_function.items():
        seconds = sum(call.end.time_s - call.begin.time_s for call in of_it)
        times = "" if len(of_it) == 1 else f" {len(of_it)} calls,"
        name = _inert(f"{function}{times} {seconds:.3f}s")
        if calls is Calls.FLAME:
            figure["data"].append({
                "type": "bar", "orientation": "h", "yaxis": "y2", "name": name, "opacity": 0.5, "width": 1,
                "marker": {"line": {"color": "white", "width": 0.5}},
                "base": [call.begin.time_s - start for call in of_it],
                "x": [call.end.time_s - call.begin.time_s for call in of_it],
                "y": [call.level for call in of_it],
            })  # fmt: skip
            continue
        ends = [end for call in of_it for end in (call.begin, call.end)]
        figure["data"].append({
            "type": "scatter", "mode": "markers", "name": name,
            "marker": {"size": 14, "symbol": ["triangle-right-open", "triangle-left-open"] * len(of_it)},
            "x": [end.time_s - start for end in ends],
            "y": [end.memory_mib for end in ends],
        })  # fmt: skip
    deepest = max((call.level for call in run.calls), default=0)
    # On a scale of its own, without ticks, beside the curve.
    figure["layout"]["barmode"] = "overlay"
    figure["layout"]["yaxis2"] = {"overlaying": "y", "visible": False, "range": [-0.5, deepest + 1.5]}


def _start(run: SampledRun) -> float:
    return min([sample.time_s for sample in run.samples] + [call.begin.time_s for call in run.calls])


def _inert(text: str) -> str:
    """Escape an untrusted text: Plotly interprets a few tags."""
    return escape(plain(text), quote=False)


def _write(figure: dict[str, Any], output: Path, title: str) -> None:
    if output.suffix.lower() in HTML:
        with output.open("w", encoding="ascii") as page:
            write_figure_page(figure, page, title=plain(title) or "memory over time")
        return
    if importlib.util.find_spec("kaleido") is None:
        raise MissingError(
            f"{output}: an image needs Kaleido, not installed here; write: pip install kaleido, or choose a .html file"
        )
    import kaleido  # an optional library

    if not hasattr(kaleido, "calc_fig_sync"):
        raise MissingError(
            f"{output}: an image needs Kaleido 1.0 or later; write: pip install -U kaleido, or choose a .html file"
        )
    try:
        with plotlyjs_file() as script:
            image = kaleido.calc_fig_sync(
                figure, {"format": output.suffix[1:].lower()}, kopts={"plotlyjs": str(script), "mathjax": False}
            )
    except (RuntimeError, ValueError) as error:  # the browser is missing, or does not answer
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise MissingError(f"{output}: Kaleido cannot draw an image ({first}); choose a .html file") from error
    output.write_bytes(image)
