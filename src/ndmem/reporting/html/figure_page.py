"""Page of one figure of Plotly, which is data: a dictionary with ``data`` and ``layout``."""

from __future__ import annotations

from typing import IO, Any

from .template import write_page


def write_figure_page(figure: dict[str, Any], stream: IO[str], *, title: str) -> None:
    """Write a page that shows nothing but a figure, as wide and high as the window.

    Parameters
    ----------
    figure : dict
        The figure as Plotly's JavaScript takes it. Its texts are not escaped: Plotly interprets a few tags.
    stream : text stream
        Destination.
    title : str
        Title of the page.
    """
    write_page("figure", stream, context={"title": title}, data=figure)
