#!/usr/bin/env python3
"""Print the version of this source tree; meson.build asks for it, and the metadata and ``ndmem.__version__`` follow.

=========================  ===============================================================
the source tree            its version
=========================  ===============================================================
an sdist                   that of its PKG-INFO
a clone, at a tag v0.1.0   ``0.1.0``
a clone, 5 commits later   ``0.2.0.dev5+g1234567``: before the next minor release
no tag, or no git          ``0.2.0.dev0``, where the newest release in CHANGELOG.md is 0.1.0
=========================  ===============================================================

It is not executable: Meson then reads the first line and runs it with its own Python, which is surely there.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RELEASE = r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?"


def read_version(root: Path) -> str:
    """Return the version of a source tree.

    Raises
    ------
    ValueError
        If its CHANGELOG.md is needed and has no heading of a release.
    """
    return _read_metadata(root / "PKG-INFO") or _ask_git(root) or _go_on(_read_changelog(root), 0)


def _read_metadata(file: Path) -> str | None:
    if not file.is_file():
        return None
    found = re.search(r"^Version: (\S+)$", file.read_text("utf-8"), re.MULTILINE)
    return found[1] if found else None


def _ask_git(root: Path) -> str | None:
    """Return the version by the newest tag, ``None`` without git, without a tag, or inside another repository."""
    if not (root / ".git").exists():
        return None
    words = ["git", "-C", str(root), "describe", "--tags", "--long", "--match", "v[0-9]*"]
    try:
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.fullmatch(rf"v({RELEASE})-(\d+)-(g[0-9a-f]+)", said)
    if found is None:
        return None
    release, commits, commit = found[1], int(found[2]), found[3]
    return f"{_go_on(release, commits)}+{commit}" if commits else release


def _go_on(release: str, commits: int) -> str:
    """Return the version after a number of commits since a release."""
    major, minor = release.split(".")[:2]
    return f"{major}.{int(minor) + 1}.0.dev{commits}"


def _read_changelog(root: Path) -> str:
    found = re.search(rf"^## \[?({RELEASE})\b", (root / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise ValueError(f"{root / 'CHANGELOG.md'} has no heading of a release, such as: ## [0.1.0]")
    return found[1]


if __name__ == "__main__":
    sys.stdout.write(f"{read_version(ROOT)}\n")
