"""Messages of the stream: what is new, applied to what was sent before, is the state."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ndmem.watching.web.messages import StateMessage


def timeline(points: list[list[int]], names: list[str], rss: list[int]) -> dict[str, Any]:
    """Return a timeline of points, each with a time and a figure for each name."""
    return {
        "time": [point[0] for point in points],
        "layers": [{"name": name, "nbytes": [p[at + 1] for p in points]} for at, name in enumerate(names)],
        "beside": [],
        "rss": {"name": "rss", "time": [*range(len(rss))], "nbytes": rss},
        "bounds": [],
        "peaks": [],
    }


TIMELINES = st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=1, max_size=6).flatmap(
    lambda points: st.builds(
        timeline, st.just(points), st.sampled_from([["a", "b"], ["b", "a"]]), st.lists(st.integers(0, 3), max_size=4)
    )
)


def read(message: bytes) -> dict[str, Any]:
    """Return the data of a message as a browser does."""
    event, data, *rest = message.decode().split("\n")
    assert (event, rest) == ("event: state", ["", ""])
    found: dict[str, Any] = json.loads(data.removeprefix("data: "))["timeline"]
    return found


def merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Apply a message to the timeline before it, as the page's script does."""
    keep, keep_rss = new.pop("keep"), new.pop("keepRss")
    rss = {**new["rss"], **{key: old["rss"][key][:keep_rss] + new["rss"][key] for key in ("time", "nbytes")}}
    layers = [
        {"name": after["name"], "nbytes": before["nbytes"][:keep] + after["nbytes"]}
        for before, after in zip(old["layers"], new["layers"], strict=True)
    ]
    return {**new, "time": old["time"][:keep] + new["time"], "layers": layers, "rss": rss}


@given(TIMELINES, TIMELINES)
def test_news_and_what_was_before_are_the_state(before: dict[str, Any], now: dict[str, Any]) -> None:
    """A watcher that has the state before, and one that has nothing, both have the new state afterwards."""
    message = StateMessage(2, {"timeline": now}, before)
    assert merge(before, read(message.news)) == now
    assert merge(before, read(message.whole)) == now


def test_what_did_not_change_is_not_sent_again() -> None:
    """Of two hundred equal points and a new one, the message has the new one."""
    points = [[at, 7, 9] for at in range(200)]
    found = read(StateMessage(2, {"timeline": timeline([*points, [200, 1, 2]], ["a", "b"], [])},
                              timeline(points, ["a", "b"], [])).news)  # fmt: skip
    assert (found["keep"], found["time"], found["layers"][1]["nbytes"]) == (200, [200], [2])
