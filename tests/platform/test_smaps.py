"""`parse_regions`: each region of a memory map by its kind, and no other text taken for one."""

from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndmem.errors import ProcessError
from ndmem.platform.breakdown.smaps import Kind, parse_regions, read_regions


def region(head: str, rss: int = 4, swap: int = 0) -> bytes:
    """A region as the kernel writes it, with KiB in RAM and in swap."""
    return f"{head}\nSize:      64 kB\nRss:    {rss} kB\nSwap:    {swap} kB\nVmFlags: rd mr mw me\n".encode()


@pytest.mark.parametrize(
    ("name", "permissions", "kind"),
    [
        ("", "rw-p", Kind.ANONYMOUS),
        ("[anon:libc_malloc]", "rw-p", Kind.ANONYMOUS),
        ("[heap]", "rw-p", Kind.HEAP),
        ("[stack]", "rw-p", Kind.STACK),
        ("[vdso]", "r-xp", Kind.LIBRARY),
        ("/usr/lib/libc.so.6", "r--p", Kind.LIBRARY),
        ("/opt/a.cpython-311.so", "rw-p", Kind.LIBRARY),
        ("/opt/old.so.1.2 (deleted)", "rw-p", Kind.LIBRARY),
        ("/usr/bin/python3.11", "r-xp", Kind.LIBRARY),
        ("/data/frames.npy", "r--s", Kind.MAPPED),
        ("/data/my.so.npy", "r--s", Kind.MAPPED),
        ("/data/[heap]", "r--s", Kind.MAPPED),
        ("/dev/shm/psm_1a2b", "rw-s", Kind.SHARED),
        ("/memfd:pool (deleted)", "rw-s", Kind.SHARED),
        ("/SYSV00000000 (deleted)", "rw-s", Kind.SHARED),
        ("/dev/zero (deleted)", "rw-s", Kind.SHARED),
    ],
)
def test_kinds(name, permissions, kind):
    """A region is what its name and its permissions say."""
    (found,) = parse_regions(region(f"1000-11000 {permissions} 00000000 00:01 7      {name}", 8, 12))
    assert (found.start, found.end, found.permissions) == (0x1000, 0x11000, permissions)
    assert (found.kind, found.resident, found.swapped) == (kind, 8192, 12288)


def test_data_of_a_program_is_its_own():
    """All regions of a file count as library if one of them is executable; the same name on another disk does not."""
    text = region("1000-11000 r-xp 0 00:01 7 /bin/prog") + region("11000-21000 rw-p 0 00:01 7 /bin/prog")
    text += region("31000-41000 rw-p 0 00:02 7 /bin/prog")
    assert [found.kind for found in parse_regions(text)] == [Kind.LIBRARY, Kind.LIBRARY, Kind.MAPPED]


def test_names_that_look_like_figures():
    """A file whose name imitates a figure or a region changes nothing: it stands in the region's own line."""
    text = region("1000-11000 r--s 0 00:01 7 /data/x Rss: 99 kB") + region(
        "21000-31000 r--s 0 00:01 8 /d\\012Rss: 9 kB"
    )
    assert [found.resident for found in parse_regions(text)] == [4096, 4096]


@pytest.mark.parametrize(
    "text",
    [
        b"1000-11000 rw-p 0 00:01 7 \n",
        b"1000-11000 rw-p 0 00:01 7 \nRss:    4",
        b"1000-11000 rw-p 0 00:01 7 \nRss: -4 kB\n",
        b"1000-11000 rw-p 0 00:01 7 \nRss: 65 kB\n",
        b"11000-1000 rw-p 0 00:01 7 \nRss: 4 kB\n",
        b"1000-11000 rw-p 0 00:01 7 \nRss: 99999999999999999999999 kB\n",
    ],
)
def test_cut_and_absurd(text):
    """A region without its bytes in RAM, or with more than it has, is refused in one line."""
    with pytest.raises(ProcessError, match=r"^the memory map is cut or damaged in the region at 0x1?1000"):
        parse_regions(text)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_foreign_text(text):
    """Any other text gives no region, or is rejected."""
    with suppress(ProcessError):
        assert parse_regions(text) == ()


@given(st.integers(0, 600))
def test_cut_anywhere(length):
    """A map cut at any byte gives the regions before the cut, or is refused."""
    whole = b"".join(region(f"{n}0000-{n}8000 rw-p 0 00:00 0 ") for n in range(1, 6))
    try:
        found = parse_regions(whole[:length])
    except ProcessError:
        return
    assert found == parse_regions(whole)[: len(found)]


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="needs Linux")
def test_own():
    """The regions of this process are in order, do not overlap, and have a heap, a stack and libraries."""
    found = read_regions("self")
    assert all(before.end <= after.start for before, after in pairwise(found))
    assert {Kind.HEAP, Kind.STACK, Kind.LIBRARY, Kind.ANONYMOUS} <= {each.kind for each in found}
