"""What the live page's server answers: the page, the stream of its states, and what is alive of a range."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route

from ndmem.reporting.html.live_page import write_live_page

from .gate import Gate

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from .feed import Feed
    from .messages import State


def make_app(feed: Feed, token: str, ask_range: Callable[[float, float], State | None]) -> Gate:
    """Return the application.

    Parameters
    ----------
    feed : Feed
        The states, and the report in the end.
    token : str
        First part of each path that is answered.
    ask_range : callable
        Returns what was allocated between two times and is alive; ``None`` if nothing is recorded yet.
    """
    live_page = write_live_page()

    async def send_page(_: Request) -> Response:
        if feed.page is None:
            return HTMLResponse(live_page)
        return HTMLResponse(feed.page, background=BackgroundTask(feed.note_loaded))

    async def send_states(_: Request) -> Response:
        return StreamingResponse(feed.watch(), media_type="text/event-stream")

    async def send_range(request: Request) -> Response:
        try:
            bounds = [float(request.query_params[name]) for name in ("from", "to")]
        except (KeyError, ValueError):
            bounds = [math.nan]
        if not all(0 <= bound < 1e9 for bound in bounds):
            return PlainTextResponse("from and to are seconds since the start\n", 400)
        found = await asyncio.to_thread(ask_range, *sorted(bounds))
        return JSONResponse({"rows": [], "says": "Nothing is recorded yet."} if found is None else found)

    routes = [Route("/", send_page), Route("/events", send_states), Route("/range", send_range)]
    return Gate(Starlette(routes=routes), token)
