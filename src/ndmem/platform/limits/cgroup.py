"""Memory limits of control groups, v1 and v2, from the process's own group up to the top that is mounted."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

# Without a limit, v1 writes LONG_MAX rounded down to a page; machines have less than half of that.
_UNLIMITED: Final = 2**62


@dataclass(frozen=True, slots=True)
class GroupLimit:
    """One limit of one control group.

    Attributes
    ----------
    version : int
        1 or 2.
    file : str
        Path of the file that holds it.
    limit : int
        Bytes.
    used : int or None
        Bytes charged to the group.
    reclaimable : int
        Of `used`, file cache that the kernel drops before it refuses memory.
    throttles : bool
        Beyond it the kernel slows processes down and reclaims their memory; it does not kill them.
    """

    version: int
    file: str
    limit: int
    used: int | None
    reclaimable: int
    throttles: bool = False


def group_limits(root: Path = Path("/")) -> tuple[list[GroupLimit], list[str]]:
    """Return the limits of this process's groups, and what could not be read, each a sentence.

    Parameters
    ----------
    root : Path
        Where ``proc`` and ``sys`` are; another folder for tests.
    """
    limits: list[GroupLimit] = []
    notes: list[str] = []
    groups = _own_groups(root)
    for version, mount_root, mount_point in _mounts(root):
        path = groups.get(version)
        if path is None:
            continue
        for folder in _ancestors(root, mount_root, mount_point, path, notes):
            limits += _limits_v2(folder) if version == 2 else _limits_v1(folder)
    return limits, notes


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return []


def _own_groups(root: Path) -> dict[int, str]:
    """Return the path of this process's memory group, by version of the hierarchy."""
    groups = {}
    for line in _lines(root / "proc/self/cgroup"):
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers == "":
            groups[2] = path
        elif "memory" in controllers.split(","):
            groups[1] = path
    return groups


def _mounts(root: Path) -> Iterator[tuple[int, str, str]]:
    """Yield version, root within the hierarchy, and mount point of each hierarchy that limits memory."""
    for line in _lines(root / "proc/self/mountinfo"):
        before, _, after = line.partition(" - ")
        fields, kinds = before.split(), after.split()
        if len(fields) < 5 or len(kinds) < 3:
            continue
        if kinds[0] == "cgroup2":
            yield 2, _unescape(fields[3]), _unescape(fields[4])
        elif kinds[0] == "cgroup" and "memory" in kinds[2].split(","):
            yield 1, _unescape(fields[3]), _unescape(fields[4])


def _unescape(path: str) -> str:
    for code, character in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        path = path.replace(code, character)
    return path


def _ancestors(root: Path, mount_root: str, mount_point: str, path: str, notes: list[str]) -> Iterator[Path]:
    """Yield the folders from the group up to the mount point."""
    top = root / mount_point.lstrip("/")
    group = PurePosixPath(path)
    # In a namespace, or where a runtime mounts the leaf alone, the path is not below the mount's root.
    below = group.relative_to(mount_root) if group.is_relative_to(mount_root) else PurePosixPath()
    parts = [part for part in below.parts if part not in ("/", "..")]
    if not top.joinpath(*parts).is_dir():
        notes.append(f"control group {path} is not visible under {mount_point}: limits set on it are unknown")
    while True:
        folder = top.joinpath(*parts)
        if folder.is_dir():
            yield folder
        if not parts:
            return
        parts.pop()


def _number(path: Path) -> int | None:
    """Return the number in a file; None for "max", and if the file does not exist."""
    text = "".join(_lines(path)).strip()
    if not text.isascii() or not text.isdigit() or len(text) > 20:
        return None
    return int(text) if int(text) < _UNLIMITED else None


def _statistics(folder: Path) -> dict[str, int]:
    pairs = (line.split() for line in _lines(folder / "memory.stat"))
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def _limits_v2(folder: Path) -> Iterator[GroupLimit]:
    # Not memory.low and memory.min: those protect, they do not limit.
    used, statistics = _number(folder / "memory.current"), _statistics(folder)
    cache = statistics.get("inactive_file", 0) + statistics.get("active_file", 0)
    for name, throttles in (("memory.max", False), ("memory.high", True)):
        limit = _number(folder / name)
        if limit is not None:
            yield GroupLimit(2, str(folder / name), limit, used, min(cache, used or 0), throttles)


def _limits_v1(folder: Path) -> Iterator[GroupLimit]:
    used, statistics = _number(folder / "memory.usage_in_bytes"), _statistics(folder)
    cache = statistics.get("total_inactive_file", 0) + statistics.get("total_active_file", 0)
    own = _number(folder / "memory.limit_in_bytes")
    if own is not None:
        yield GroupLimit(1, str(folder / "memory.limit_in_bytes"), own, used, min(cache, used or 0))
    # It includes the limits of ancestors that a namespace hides, but not their usage.
    above = statistics.get("hierarchical_memory_limit", _UNLIMITED)
    if above < (own if own is not None else _UNLIMITED):
        yield GroupLimit(1, f"{folder / 'memory.stat'} hierarchical_memory_limit", above, used, min(cache, used or 0))
