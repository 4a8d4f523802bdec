"""Messages of the live page's stream: each state is written once, whole and as what is new, for all watchers."""

from __future__ import annotations

import json
from functools import cached_property
from itertools import takewhile
from typing import Any

State = dict[str, Any]


class StateMessage:
    """One state as messages of the stream.

    Parameters
    ----------
    number : int
        Number of the state, from 1.
    state : dict
        The state, as `LiveStates.describe` returns it.
    before : dict or None
        The timeline of the state before.
    """

    def __init__(self, number: int, state: State, before: State | None) -> None:
        self.number = number
        self._state, self._before = state, before

    @cached_property
    def whole(self) -> bytes:
        """For a watcher that has not got the state before."""
        return write_message("state", {**self._state, "timeline": _cut(self._state["timeline"], 0, 0)})

    @cached_property
    def news(self) -> bytes:
        """For a watcher that has got the state before: of the timeline only what is new."""
        keep, keep_rss = (0, 0) if self._before is None else _count_equal(self._before, self._state["timeline"])
        return write_message("state", {**self._state, "timeline": _cut(self._state["timeline"], keep, keep_rss)})


def write_message(event: str, data: State) -> bytes:
    """Write a message of a stream of server-sent events; JSON has no line ends."""
    return f"event: {event}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


def _count_equal(before: State, now: State) -> tuple[int, int]:
    """Return how many first points of two timelines are equal, of live and of resident memory."""
    if _names(before) != _names(now):
        return 0, 0
    keep = _equal_start(_points(before), _points(now))
    keep_rss = _equal_start(_resident(before), _resident(now))
    return keep, keep_rss


def _names(timeline: State) -> list[list[str]]:
    return [[each["name"] for each in timeline[part]] for part in ("layers", "beside")]


def _points(timeline: State) -> list[tuple[float, ...]]:
    columns = (each["nbytes"] for part in ("layers", "beside") for each in timeline[part])
    return list(zip(timeline["time"], *columns, strict=True))


def _resident(timeline: State) -> list[tuple[float, int]]:
    return list(zip(timeline["rss"]["time"], timeline["rss"]["nbytes"], strict=True))


def _equal_start(before: list[Any], now: list[Any]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, now, strict=False)))


def _cut(timeline: State, keep: int, keep_rss: int) -> State:
    """Return a timeline without its first points."""

    def rest(each: State) -> State:
        return {"name": each["name"], "nbytes": each["nbytes"][keep:]}

    rss = timeline["rss"]
    return {
        **timeline,
        "keep": keep,
        "keepRss": keep_rss,
        "time": timeline["time"][keep:],
        "layers": [rest(each) for each in timeline["layers"]],
        "beside": [rest(each) for each in timeline["beside"]],
        "rss": {"name": rss["name"], "time": rss["time"][keep_rss:], "nbytes": rss["nbytes"][keep_rss:]},
    }
