"""Plotly's JavaScript: inside a page, beside it, or from Plotly's own server."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ndmem.errors import MissingError

INLINE, CDN = "inline", "cdn"


@dataclass(frozen=True, slots=True)
class PlotlyJs:
    """Where a page has Plotly's JavaScript from.

    Attributes
    ----------
    text : str
        The JavaScript, for a page that has it inside; else empty.
    address : str
        Where the browser loads it from; empty for a page that has it inside.
    allowed : tuple of str
        What a content security policy has to allow for that.
    """

    text: str
    address: str
    allowed: tuple[str, ...]


def need_html() -> None:
    """Check that what a page of HTML needs is installed, without loading it.

    Raises
    ------
    MissingError
        If Jinja2 or Plotly is not.
    """
    missing = [name for name in ("jinja2", "plotly") if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingError(
            f"a report in HTML needs {' and '.join(missing)}, not installed here; write: pip install 'ndmem[html]'"
        )


def find_plotlyjs(where: str, *, folder: str | os.PathLike[str] | None = None) -> PlotlyJs:
    """Find Plotly's JavaScript.

    Parameters
    ----------
    where : str
        ``"inline"`` for a page that has it inside (4.6 MiB), ``"cdn"`` for one that needs the network, or a file that
        several pages share, which is written if it is not there.
    folder : path, optional
        Folder of the page, which loads such a file relative to it; the working folder.

    Raises
    ------
    MissingError
        If Plotly is not installed.
    OSError
        If the file cannot be written.
    """
    need_html()
    from plotly.offline import get_plotlyjs, get_plotlyjs_version  # noqa: PLC0415  # optional

    if where == CDN:
        return PlotlyJs("", f"https://cdn.plot.ly/plotly-{get_plotlyjs_version()}.min.js", ("https://cdn.plot.ly",))
    text = _escape(get_plotlyjs())
    if where == INLINE:
        return PlotlyJs(text, "", (allow_script(text),))
    file = Path(where)
    if not file.exists():
        file.write_text(text, "ascii", newline="\n")
    address = quote(os.path.relpath(file, folder or Path()).replace(os.sep, "/"))
    # A page from disk has no origin of its own: 'self' alone would not let it load its neighbour.
    return PlotlyJs("", address, ("'self'", "file:"))


def _escape(text: str) -> str:
    """Write JavaScript in ASCII, by its own escapes: in a script a character reference means nothing."""
    return re.sub(r"[^\x00-\x7f]", lambda match: json.dumps(match[0])[1:-1], text.replace("\r\n", "\n"))


def allow_script(text: str) -> str:
    """Return what a content security policy calls a script in the page: its hash."""
    import base64  # noqa: PLC0415  # OpenSSL takes 3 ms, and this module is asked whether it works before any program
    import hashlib  # noqa: PLC0415  # as above

    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
