"""Page of a program that still runs: it is drawn as the page of a run, and gets its figures while it is open."""

from __future__ import annotations

import io

from .template import write_page

_NOTHING = {
    "time": [0.0],
    "layers": [{"name": "other arrays", "nbytes": [0]}],
    "beside": [],
    "rss": {"name": "", "time": [], "nbytes": []},
    "bounds": [],
    "peaks": [],
}


def write_live_page() -> str:
    """Return the page, which loads its figures from the address ``events`` beside its own."""
    page = io.StringIO()
    write_page("live", page, context={}, data={"timeline": _NOTHING, "live": True})
    return page.getvalue()
