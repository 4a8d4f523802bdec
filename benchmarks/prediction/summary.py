"""Compare predictions with measured peaks: a table, and a summary against the bars."""

import enum
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


class Promise(enum.Enum):
    """What a label promises."""

    CERTAIN = "certain"
    EXACT = "exact"
    CLOSE = "close"
    ROUGH = "rough"


PROMISES = {
    "measured": Promise.CERTAIN,
    "verified": Promise.CERTAIN,
    "ghost-verified": Promise.CERTAIN,
    "exact": Promise.EXACT,
    "extrapolated exactly": Promise.EXACT,
    "stable": Promise.CLOSE,
    "extrapolated": Promise.CLOSE,
    "low": Promise.ROUGH,
    "rough": Promise.ROUGH,
}
"""The promise of each label, former ones too."""

_NEAR = 0.01
_FAR = 0.1
_MEDIAN_S, _MOST_S = 3.0, 20.0
_ORDINARY = "polynomial"


@dataclass(frozen=True, slots=True)
class Row:
    """A case, what was measured, and what was predicted."""

    name: str
    family: str
    given: str
    truth: dict[str, Any]
    said: dict[str, Any]

    @property
    def is_told(self) -> bool:
        """Whether there is a peak to compare with a peak."""
        return "peak" in self.truth and "peak" in self.said

    @property
    def off(self) -> float:
        """Relative error of the predicted peak."""
        return float(abs(self.said["peak"] - self.truth["peak"]) / max(self.truth["peak"], 1))

    @property
    def promise(self) -> Promise:
        """What the label of the prediction promises."""
        return PROMISES[self.said["label"]]

    @property
    def is_byte_exact(self) -> bool:
        """Whether the peak was predicted to the byte."""
        return bool(self.said["peak"] == self.truth["peak"])

    @property
    def is_inside(self) -> bool:
        """Whether the measured peak is within the interval of the prediction."""
        low, high = self.said["interval"]
        return bool(low <= self.truth["peak"] <= high)

    @property
    def is_false(self) -> bool:
        """Whether the prediction is worse than its label promises."""
        if self.promise in (Promise.CERTAIN, Promise.EXACT):
            return not self.is_byte_exact
        return self.promise is Promise.CLOSE and (self.off > _FAR or not self.is_inside)

    @property
    def is_time_inside(self) -> bool | None:
        """Whether the run took as long as predicted; ``None`` if no range was given."""
        interval = self.said.get("seconds_interval")
        return None if interval is None else bool(interval[0] <= self.truth["seconds"] <= interval[1])

    @property
    def is_time_alike(self) -> bool:
        """Whether the predicted duration is within a factor of 2 of the run's."""
        said = self.said["said_seconds"]
        return said is not None and bool(said / 2 <= self.truth["seconds"] <= said * 2)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)


_HEAD = (
    "| case | given | measured | predicted | off | label | interval | factor | s | run s | said s |  |\n"
    "|---|---|--:|--:|--:|---|---|--:|--:|--:|--:|---|"
)


def show_row(row: Row, *, is_first: bool) -> str:
    """Write one comparison as a row of a Markdown table; the first one after the table's head."""
    head = f"{_HEAD}\n" if is_first else ""
    truth, said = row.truth, row.said
    if not row.is_told:
        why = truth.get("error") or said.get("error", "")
        peak = f"{truth['peak']:,}" if "peak" in truth else ""
        return (
            f"{head}| {row.name} | {row.given} | {peak} | none | | | | | {said['seconds']:.1f} | | | {_shorten(why)} |"
        )
    factor = "" if said["factor"] is None else f"{said['factor']:,.0f}"
    estimate = "" if said["said_seconds"] is None else f"{said['said_seconds']:.2f}"
    return (
        f"{head}| {row.name} | {row.given} | {truth['peak']:,} | {said['peak']:,} | {row.off:.3%} | {said['label']} | "
        f"{'inside' if row.is_inside else 'outside'} | {factor} | {said['seconds']:.1f} | {truth['seconds']:.2f} | "
        f"{estimate} | {'WRONG ' if row.is_false else ''}{_shorten(said['reason'])} |"
    )


def _shorten(text: str) -> str:
    return text[:150].replace("|", "/").replace("\n", " ")


def summarise(rows: Sequence[Row]) -> tuple[str, bool]:
    """Write the families and the bars; return also whether all bars are held."""
    families = dict.fromkeys(row.family for row in rows)
    lines = [_FAMILY_HEAD, *(_show_family(name, [row for row in rows if row.family == name]) for name in families)]
    if len(families) > 1:
        lines.append(_show_family("all", rows))
    bars = list(_bars(rows))
    lines += ["", "| bar | measured | |", "|---|---|---|"]
    lines += [f"| {bar} | {found} | {'holds' if held else 'MISSED'} |" for bar, found, held in bars]
    return "\n".join(lines), all(held for *_, held in bars)


_FAMILY_HEAD = (
    "| family | cases | byte-exact | within 1 % | within 10 % | refused | certain | exact | close | rough | false | "
    "outside interval |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
)


def _show_family(name: str, rows: Sequence[Row]) -> str:
    ran = [row for row in rows if "peak" in row.truth]
    told = [row for row in ran if row.is_told]
    labels = [sum(row.promise is each for row in told) for each in Promise]
    counts = [
        len(ran),
        sum(row.is_byte_exact for row in told),
        sum(row.off <= _NEAR for row in told),
        sum(row.off <= _FAR for row in told),
        len(ran) - len(told),
        *labels,
        sum(row.is_false for row in told),
        sum(not row.is_inside for row in told),
    ]
    return f"| {name} | {' | '.join(map(str, counts))} |"


def _bars(rows: Sequence[Row]) -> list[tuple[str, str, bool]]:
    """Return each bar in words, what was measured, and whether it is held."""
    ran = [row for row in rows if "peak" in row.truth]
    told = [row for row in ran if row.is_told]
    certain = [row for row in told if row.promise is Promise.CERTAIN]
    exact = [row for row in told if row.promise is Promise.EXACT]
    trusted = [row for row in told if row.promise is not Promise.ROUGH]
    wrong_certain = [row for row in certain if not row.is_byte_exact]
    wrong_exact = [row for row in exact if not row.is_byte_exact]
    far = [row for row in trusted if row.off > _FAR]
    outside = [row for row in told if not row.is_inside]
    bars = [
        ("no certain answer is wrong", _count(wrong_certain, certain), not wrong_certain),
        ("at most 1 in 100 exact answers is wrong", _count(wrong_exact, exact), len(wrong_exact) * 100 <= len(exact)),
        ("no answer better than rough is off by more than 10 %", _count(far, trusted), not far),
        ("all peaks are within their interval", _count(outside, told), not outside),
    ]
    ordinary = [row for row in ran if row.family == _ORDINARY]
    if ordinary:
        near = sum(row.is_told and row.off <= _NEAR for row in ordinary)
        share = f"{near} of {len(ordinary)}"
        bars.append(("80 % of ordinary functions are within 1 %", share, near >= 0.8 * len(ordinary)))
    if ran:
        seconds = sorted(row.said["seconds"] for row in ran)
        median, most = statistics.median(seconds), seconds[-(-len(seconds) * 95 // 100) - 1]
        bars += [
            (f"median time at most {_MEDIAN_S:g} s", f"{median:.1f} s", median <= _MEDIAN_S),
            (f"95th percentile at most {_MOST_S:g} s", f"{most:.1f} s", most <= _MOST_S),
        ]
    ranged = [row for row in told if row.is_time_inside is not None]
    late = [row for row in ranged if not row.is_time_inside]
    alike = sum(row.is_time_alike for row in told)
    text = _count(late, ranged) if ranged else "no range is given"
    bars.append(
        (
            "run times are within their range in 9 of 10 cases",
            f"{text}; {alike} within a factor of 2",
            bool(ranged) and len(late) * 10 <= len(ranged),
        )
    )
    return bars


def _count(failed: Sequence[Row], of: Sequence[Row]) -> str:
    names = ", ".join(row.name for row in failed)
    return f"{len(failed)} of {len(of)} fail{': ' + names if names else ''}"
