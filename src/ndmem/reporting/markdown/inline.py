"""Texts inside a line of Markdown: no text of a program becomes markup, a link, a mention or an emoji."""

from __future__ import annotations

import re
from functools import reduce

from ndmem.reporting.plain import plain

_TICKS = re.compile(r"`+")
_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_WORD = re.compile(r"\S+")
_ENDING = re.compile(r"[.,;:!?]*$")

_RISKY = re.compile(
    r"""[\\`*_\[\]<>\#@&~|$]      # markup, HTML, mentions, numbers of issues, mathematics
    | ://| ^www\.                 # GitHub makes links of bare addresses,
    | ^gh-\d | ^(?=.*[a-f])[0-9a-f]{7,40}$  # of numbers of issues, and of the hashes of commits
    | :.+:                        # and :name: becomes an emoji
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LEADING = re.compile(r"[-+=]+|\d+[.)]")
"""First words of a line that begin a list, or make a heading of the line before."""


def code_span(text: str) -> str:
    r"""Write a text of the program as code, in one line; nothing for an empty text.

    Parameters
    ----------
    text : str
        Source code, a file name, a variable's name: any text, which `plain` makes printable.

    Notes
    -----
    Nothing is escaped inside a code span, so its delimiter has more backticks than the text has in a row. GitHub makes
    no mentions, links and emoji inside it. `write_table` escapes the character ``|``.
    """
    shown = plain(text)
    if not shown.strip():
        return ""
    ticks = "`" * (1 + max(map(len, _TICKS.findall(shown)), default=0))
    # One space at both ends is not part of the code: it keeps a backtick from joining the delimiter.
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def prose(sentence: str, *, begins_line: bool = True) -> str:
    """Write a sentence of ndmem, in which a text between backticks is code, as in the other reports.

    Parameters
    ----------
    sentence : str
        The sentence.
    begins_line : bool
        Whether it is the first text of its line, where ``-`` would begin a list; in a cell of a table it is not.

    Notes
    -----
    Each other word that Markdown or GitHub would interpret, such as a file name with an underscore, becomes code as
    well: that is easier to read than escapes, and the only way to keep GitHub from linking ``@name`` and ``#1``.
    """
    shown = plain(sentence)
    pieces = _CODE.split(shown)
    written = [
        code_span(piece) if at % 2 else _write_words(piece, begins=begins_line and at == 0)
        for at, piece in enumerate(pieces)
    ]
    return reduce(_join, written, "")


def _join(before: str, after: str) -> str:
    """Keep the delimiters of two pieces of code apart."""
    return f"{before} {after}" if before.endswith("`") and after.startswith("`") else before + after


def _write_words(text: str, *, begins: bool) -> str:
    """Write words outside code; the first one of a line must not be the mark of a list."""

    def write(found: re.Match[str]) -> str:
        word = found[0]
        if begins and found.start() == 0 and _LEADING.fullmatch(word):
            return code_span(word)
        if not _RISKY.search(word):
            return word
        core = _ENDING.sub("", word)
        return f"{code_span(core)}{word[len(core) :]}" if _RISKY.search(core) else code_span(word)

    return _WORD.sub(write, text)
