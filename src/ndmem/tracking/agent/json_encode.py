"""Encode a meta record as JSON without the json module: a program may have a ``json.py`` of its own."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def encode_meta(meta: Mapping[str, object]) -> bytes:
    """Encode strings, integers, booleans, ``None``, lists, tuples and dictionaries with string keys."""
    return _encode(meta).encode()


def _encode(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_encode, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_quote(str(key))}: {_encode(each)}' for key, each in value.items())}}}"
    return _quote(str(value))


def _quote(text: str) -> str:
    escaped = (
        f"\\u{ord(c):04x}" if c < " " or c in '"\\' or "\ud800" <= c <= "\udfff" else c  # lone surrogates
        for c in text
    )
    return f'"{"".join(escaped)}"'
