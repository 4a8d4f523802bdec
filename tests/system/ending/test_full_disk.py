"""A disk that fills up stops the journal and not the program."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.system.running import Place, write_program

import ndmem


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with 1 MiB, where one can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("needs the right to mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("times", [50_000, 20_000], ids=["journal kept", "journal completed"])
def test_a_full_disk_stops_the_journal_and_not_the_program(times: int, disk: Path, tmp_path: Path) -> None:
    """The program runs to its end as without ndmem, and the report says how much it does not know, and is exact else.

    1 MiB holds some 30,000 events: the last ones are not among them, nor is there room for what is added at the end.
    """
    source = (
        f"import numpy as np\nfor _ in range({times}): a = np.empty(1000)\nkept = np.empty(5000)\nprint(kept.nbytes)"
    )
    place = Place(tmp_path / "w")
    name = write_program(place.folder, source)
    plain = place.run_plain(name)
    shown = place.run_ndmem("run", "--no-native", "-o", str(disk / "t.ndmem"), name)
    assert (shown.stdout, shown.status) == (plain.stdout, plain.status) == (b"40000\n", 0)
    trace = ndmem.load(disk / "t.ndmem").trace
    # Arrays of 8,000 bytes, two at a time as each is replaced, then one of 40,000 beside the last.
    assert (trace.peak.nbytes, trace.live_nbytes, trace.total_nbytes) == (48_000, 48_000, 8000 * times + 40_000)
    assert len(trace.events) + trace.dropped == 2 * times
    assert trace.dropped > 0
    text = " ".join(shown.stderr.decode().split())
    assert "Peak 46.9 KiB" in text
    assert f"{trace.dropped:,} events were dropped: which arrays were alive, and what was temporary" in text
