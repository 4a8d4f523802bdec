"""Plotly's JavaScript: inside a page, beside it, or from Plotly's own server."""

import json
import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from urllib.parse import quote

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


def find_plotlyjs(where: str, *, folder: str | os.PathLike[str] | None = None) -> PlotlyJs:
    """Find Plotly's JavaScript.

    Parameters
    ----------
    where : str
        ``"inline"`` to put it into the page (1.2 MiB), ``"cdn"`` to load it from the network, or the path of a file
        that several pages share, which is written if it does not exist.
    folder : path, optional
        Folder of the page, which loads such a file by a relative address; the working folder if not given.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    if where == CDN:
        version = json.loads(_read("record.json"))["version"]
        return PlotlyJs("", f"https://cdn.plot.ly/plotly-{version}.min.js", ("https://cdn.plot.ly",))
    if where == INLINE:
        text = _read("plotly.min.js")
        return PlotlyJs(text, "", (allow_script(text),))
    file = Path(where)
    if not file.exists():
        file.write_text(_read("plotly.min.js"), "ascii", newline="\n")
    address = quote(os.path.relpath(file, folder or Path()).replace(os.sep, "/"))
    # A page that is opened from disk has no origin: 'self' alone would not allow a file beside it.
    return PlotlyJs("", address, ("'self'", "file:"))


def plotlyjs_file() -> AbstractContextManager[Path]:
    """Return the file with Plotly's JavaScript, while the context is open."""
    return resources.as_file(_find("plotly.min.js"))


def _read(name: str) -> str:
    """Read a file of the bundle, which `make plotly` builds; it is in ASCII, with JavaScript's own escapes."""
    return _find(name).read_text("ascii")


def _find(name: str) -> Traversable:
    return resources.files("ndmem.reporting.html") / "plotly" / name


def allow_script(text: str) -> str:
    """Return the source expression for a script inside the page in a content security policy: its hash."""
    import base64  # imported here: OpenSSL costs 3 ms, which a page that loads no script need not pay
    import hashlib

    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
