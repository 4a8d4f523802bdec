"""A source file of a run as it is on disk, beside the text that the run recorded."""

from __future__ import annotations

import codecs
import io
import tokenize
from dataclasses import dataclass
from pathlib import Path

_LARGEST = 2**24
"""Bytes of a file that is read: a longer one has no recorded text."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The text to edit.

    Attributes
    ----------
    path : Path
        The file, absolute.
    text : str
        Its text with the line ends and the mark of the byte order that it has on disk; the recorded text if the file is
        gone or has changed.
    encoding : str
        How the text is written as bytes.
    is_as_recorded : bool
        Whether the file on disk still has the text of the run.
    """

    path: Path
    text: str
    encoding: str
    is_as_recorded: bool


def read_source_file(filename: str, recorded: str) -> SourceFile:
    """Read a file whose text a run recorded: lines end with a line feed there, and the last one always does."""
    path = Path(filename).absolute()
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return SourceFile(path, recorded, "utf-8", is_as_recorded=False)
        content = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        plain = "utf-8" if encoding == "utf-8-sig" else encoding
        text = content.decode(plain)
    except (OSError, SyntaxError, UnicodeDecodeError, LookupError):
        return SourceFile(path, recorded, "utf-8", is_as_recorded=False)
    if _as_recorded(text) != _as_recorded(recorded):
        return SourceFile(path, recorded, plain, is_as_recorded=False)
    return SourceFile(path, text, plain, is_as_recorded=True)


def _as_recorded(text: str) -> str:
    lines = io.IncrementalNewlineDecoder(None, translate=True).decode(text.removeprefix(_MARK), final=True)
    return lines if lines.endswith("\n") else f"{lines}\n"


_MARK = codecs.BOM_UTF8.decode()
