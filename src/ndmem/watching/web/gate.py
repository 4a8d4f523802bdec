"""What stands before the live page: the token, the name of the host, and the headers that keep other pages out."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Any port: the browser may come through one that SSH forwards.
_OWN_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?")

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Gate:
    """Passes on the requests that have the token as the first part of their path; all others get 403.

    A name in the Host header that is not of this machine is refused too: a page of another site, whose name was made
    to lead to 127.0.0.1 (DNS rebinding), would otherwise be of the same origin as this one. No answer allows another
    origin to read it.

    Parameters
    ----------
    app : ASGI application
        Gets the rest of the path.
    token : str
        The token.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token.encode("ascii")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":  # no WebSocket is offered
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        token, slash, rest = scope["path"].removeprefix("/").partition("/")
        headers = Headers(scope=scope)
        # Each check is made, so that the time of an answer does not tell which one failed.
        knows = secrets.compare_digest(token.encode("utf-8", "replace"), self._token)
        if not (knows & bool(slash) & _is_own_host(headers) & _is_own_origin(headers)):
            await PlainTextResponse("refused: open the address that ndmem printed\n", 403)(
                scope, receive, send_with_headers
            )
            return
        await self._app({**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}, receive, send_with_headers)


def _is_own_host(headers: Headers) -> bool:
    return _OWN_HOST.fullmatch(headers.get("host", "").lower()) is not None


def _is_own_origin(headers: Headers) -> bool:
    """Whether a request is not one that a page of another origin sends: browsers name the origin then."""
    origin = headers.get("origin")
    if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
        return False
    return origin is None or origin.lower() == f"http://{headers.get('host', '').lower()}"
