"""Text of the sub-expression at a site."""

from __future__ import annotations

import io
import tokenize
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ndmem.model.site import Site

    from .sources import SourceFiles

_OPENING = frozenset("([{")
_CLOSING = frozenset(")]},:.")
_LAYOUT = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT})


def expression_text(sources: SourceFiles, site: Site) -> str | None:
    """Return the source of the expression that was running at a site.

    Parameters
    ----------
    sources : SourceFiles
        Source of the program as it was when it ran.
    site : Site
        The place; its columns count bytes of the UTF-8 text, from 0 (PEP 657).

    Returns
    -------
    str or None
        The expression in one line, without comments; ``None`` if the columns (``-X no_debug_ranges``) or the source
        are unknown, or do not match.
    """
    lines = sources.lines(site.filename)
    if site.col is None or site.end_col is None or not 1 <= site.lineno <= site.end_lineno <= len(lines):
        return None
    encoded = [line.encode("utf-8", "surrogatepass") for line in lines[site.lineno - 1 : site.end_lineno]]
    if not 0 <= site.col <= len(encoded[0]) or not 0 <= site.end_col <= len(encoded[-1]):
        return None
    # The end is cut first: on a single line both cuts are in the same text.
    encoded[-1] = encoded[-1][: site.end_col]
    encoded[0] = encoded[0][site.col :]
    try:
        text = b"\n".join(encoded).decode("utf-8", "surrogatepass").strip()
    except UnicodeDecodeError:  # a column inside a character: the file has changed since it ran
        return None
    if not text:
        return None
    return _join_lines(text) if "\n" in text else text


def _join_lines(text: str) -> str:
    """Write an expression of several lines in one line."""
    try:
        # The tokenizer ignores line ends only inside brackets.
        tokens = list(tokenize.generate_tokens(io.StringIO(f"({text}\n)").readline))[1:-3]
    except (tokenize.TokenError, SyntaxError):
        return " ".join(text.split())
    joined, row, col = "", 1, 1
    for token in tokens:
        if token.type in _LAYOUT:
            continue
        if token.start[0] != row:
            glued = joined[-1:] in _OPENING or token.string[:1] in _CLOSING
            gap = "" if glued or not joined else " "
        else:
            gap = " " * min(token.start[1] - col, 1)
        # Only a string in triple quotes still contains line ends.
        joined += gap + token.string.replace("\n", "\\n")
        row, col = token.end
    return joined
