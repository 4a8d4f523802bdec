"""Shorten a path as a user would type it in the working folder."""

from __future__ import annotations

from pathlib import Path


def shorten_path(path: str) -> str:
    """Return an absolute path inside the working folder relative to it; any other path unchanged."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except (ValueError, OSError):  # outside or relative already, or the working folder was deleted
        return path
