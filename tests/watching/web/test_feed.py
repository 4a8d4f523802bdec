"""The feed: the newest state for each watcher, whatever the others do."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from ndmem.watching.web.feed import Feed


def state(number: int) -> dict[str, Any]:
    """Return a state that has its number in it."""
    timeline = {"time": [0, number], "layers": [], "beside": [], "rss": {"name": "", "time": [], "nbytes": []}}
    return {"title": f"state {number}", "timeline": timeline}


async def take(stream: AsyncIterator[bytes]) -> str:
    """Return the next message."""
    return (await anext(stream)).decode()


def bound() -> Feed:
    """Return a feed of the running loop."""
    feed = Feed()
    feed.bind(asyncio.get_running_loop())
    return feed


def test_a_slow_watcher_skips_states_and_gets_the_newest_whole() -> None:
    """A watcher that takes nothing for a hundred states then gets the last one, and all of its points."""

    async def watch() -> None:
        feed = bound()
        slow, quick = feed.watch(), feed.watch()
        assert (await take(slow), await take(quick)) == ("retry: 2000\n\n",) * 2
        feed.publish(state(1))
        assert "state 1" in await take(slow)
        for number in range(2, 102):
            feed.publish(state(number))
            found = await take(quick)
            assert f"state {number}" in found
            assert ('"keep":1' in found) == (number > 2)  # the quick one gets what is new
        found = await take(slow)
        assert "state 101" in found
        assert '"keep":0' in found
        await slow.aclose()
        await quick.aclose()
        assert feed.watchers == 0

    asyncio.run(watch())


def test_a_watcher_waits_for_the_next_state_and_for_the_end() -> None:
    """A message comes when there is one; after the end the stream is over."""

    async def watch() -> None:
        feed = bound()
        stream = feed.watch()
        await take(stream)
        waiting = asyncio.ensure_future(take(stream))
        await asyncio.sleep(0)
        assert not waiting.done()
        feed.publish(state(1))
        assert "state 1" in await waiting
        feed.end("the page", "It has ended.")
        assert await take(stream) == 'event: ended\ndata: {"report":true,"says":"It has ended."}\n\n'
        assert [message async for message in stream] == []
        assert not feed.wait_until_loaded(0)
        feed.note_loaded()
        assert feed.wait_until_loaded(0)

    asyncio.run(watch())


def test_a_watcher_that_left_before_the_end_was_sent_is_not_waited_for() -> None:
    """Of two pages that were open at the end one disconnects: the report has to be loaded by the other alone."""

    async def watch() -> None:
        feed = bound()
        gone, stays = feed.watch(), feed.watch()
        await take(gone)
        await take(stays)
        feed.end("the page", "")
        await gone.aclose()
        await take(stays)
        await stays.aclose()
        assert not feed.wait_until_loaded(0)
        feed.note_loaded()
        assert feed.wait_until_loaded(0)

    asyncio.run(watch())
