"""Putting the files of children in order."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndmem.tracking.journal.file.blocks import give_back_zeros

parts = st.lists(st.tuples(st.sampled_from([b"\0", b"x"]), st.integers(0, 9000)), max_size=6)


@given(parts=parts)
def test_pages_of_zeros_are_read_as_they_were(
    parts: list[tuple[bytes, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A file that is written anew without its zeros has the same bytes, and nothing is left beside it."""
    place = Path(tmp_path_factory.mktemp("zeros")) / "1.ndmem"
    data = b"".join(byte * count for byte, count in parts)
    place.write_bytes(data)
    give_back_zeros(place)
    assert place.read_bytes() == data
    assert [path.name for path in place.parent.iterdir()] == ["1.ndmem"]


def test_pages_of_zeros_take_no_room(tmp_path: Path) -> None:
    """A megabyte of zeros with one other byte takes less than a tenth of it on the disk."""
    place = tmp_path / "1.ndmem"
    place.write_bytes(bytes(500_000) + b"x" + bytes(500_000))
    give_back_zeros(place)
    assert place.stat().st_blocks * 512 < 100_000
