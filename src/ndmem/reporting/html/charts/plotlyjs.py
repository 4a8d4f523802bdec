"""Plotly's JavaScript: inside a page, beside it, or from Plotly's own server."""

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
    """Plotly's JavaScript for a page: its text, or its address.

    Attributes
    ----------
    text : str
        The JavaScript, if it is inside the page; else empty.
    address : str
        Address from which the browser loads it; empty if it is inside the page.
    allowed : tuple of str
        Sources that the content security policy has to allow.
    """

    text: str
    address: str
    allowed: tuple[str, ...]


def need_html() -> None:
    """Check that Jinja2 and Plotly are installed, without importing them.

    Raises
    ------
    MissingError
        If one of them is not installed.
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
        ``"inline"`` to put it into the page (4.6 MiB), ``"cdn"`` to load it from the network, or the path of a file
        that several pages share, which is written if it does not exist.
    folder : path, optional
        Folder of the page, which loads such a file by a relative address; the working folder if not given.

    Raises
    ------
    MissingError
        If Plotly is not installed.
    OSError
        If the file cannot be written.
    """
    need_html()
    from plotly.offline import get_plotlyjs, get_plotlyjs_version

    if where == CDN:
        return PlotlyJs("", f"https://cdn.plot.ly/plotly-{get_plotlyjs_version()}.min.js", ("https://cdn.plot.ly",))
    text = _escape(get_plotlyjs())
    if where == INLINE:
        return PlotlyJs(text, "", (allow_script(text),))
    file = Path(where)
    if not file.exists():
        file.write_text(text, "ascii", newline="\n")
    address = quote(os.path.relpath(file, folder or Path()).replace(os.sep, "/"))
    # A page that is opened from disk has no origin: 'self' alone would not allow a file beside it.
    return PlotlyJs("", address, ("'self'", "file:"))


def _escape(text: str) -> str:
    """Write JavaScript in ASCII with JavaScript's escapes: HTML does not decode character references in scripts."""
    return re.sub(r"[^\x00-\x7f]", lambda match: json.dumps(match[0])[1:-1], text.replace("\r\n", "\n"))


def allow_script(text: str) -> str:
    """Return the source expression for a script inside the page in a content security policy: its hash."""
    import base64  # imported here: OpenSSL costs 3 ms, and `ndmem run` calls need_html before it starts a program
    import hashlib

    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
