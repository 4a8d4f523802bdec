"""Plain technical English: phrases that a reader must translate are used neither in code nor in prose.

The list is short on purpose: each pattern came back again and again, and has its replacement beside it.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.documents.documents import ROOT

_BANNED = {
    r"(?<![Tt]here )\b(?:is|was|are|were|be) no [a-z]+": "is not a (valid) X",
    r"\btold of\b": "reported",
    r"\b[Ww]ho(?:ever)? (?:has|have|had)\b": "name the actor: the thread, the process, the user",
    r"\b(?:[Ss]omebody|[Nn]obody)\b": "name the actor: another user, another process, no thread",
    r"\bwhat (?:it|they) (?:is|are) of\b|\bof which it is\b": "name the thing",
    r"\bthe books\b": "the bookkeeping, the shared state",
    r"\b[Mm]end(?:s|ed|ing)?\b": "fix",
    r"\bwithout a word\b": "silently, unexpectedly",
    r"\bseen to die\b": "freed, deallocated",
    r"\b[Ww]hat comes of\b": "the result of",
}
_ALLOWED = re.compile(r"\w+ no (?:more|longer|larger|later|earlier|worse|better|less|one)\b")
_WRITTEN = {".py", ".md", ".c", ".h", ".toml", ".j2", ".js", ".css"}
_MARGIN = re.compile(r"^\s*(?:#:?|//|/?\*+|>)?\s*")


def _files() -> list[Path]:
    roots = [ROOT / name for name in ("src", "docs", "design", "examples")]
    below = [path for root in roots for path in root.rglob("*") if path.suffix in _WRITTEN]
    written = (path for path in below if not path.name.endswith(".min.js"))  # which is Plotly's
    return sorted([*written, *ROOT.glob("*.md")])


def find_banned(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, phrase and replacement of each banned phrase in a text; a phrase may be wrapped over two lines."""
    lines = [_MARGIN.sub("", line) for line in text.splitlines()]
    for number, (line, following) in enumerate(zip(lines, [*lines[1:], ""], strict=True), 1):
        for pattern, better in _BANNED.items():
            for match in re.finditer(pattern, f"{line} {following}"):
                if match.start() < len(line) and not _ALLOWED.match(match[0]):
                    yield number, match[0], better


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("'x' is no length", [(1, "is no length")]),
        ("A page that\n# who has it", [(2, "who has")]),
        ("/* a block that is\n * no array */", [(1, "is no array")]),
        ("There is no file, and it is no longer than that.", []),
    ],
)
def test_a_banned_phrase_is_found_also_where_it_is_wrapped(text: str, found: list[tuple[int, str]]) -> None:
    """A phrase is found at the line where it begins; ordinary English with the same words is not."""
    assert [(line, phrase) for line, phrase, _ in find_banned(text)] == found


@pytest.mark.parametrize("folder", sorted({path.relative_to(ROOT).parts[:-1] for path in _files()}), ids="/".join)
def test_no_banned_phrase_is_used(folder: tuple[str, ...]) -> None:
    """Sources, documents and design records have none of the phrases; each found one is shown with its place."""
    found = [
        f"{path.relative_to(ROOT)}:{line}: {phrase!r}: write {better}"
        for path in _files()
        if path.relative_to(ROOT).parts[:-1] == folder
        for line, phrase, better in find_banned(path.read_text("utf-8"))
    ]
    assert not found, "\n" + "\n".join(found)
