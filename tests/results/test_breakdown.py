"""`Breakdown`: a sentence that fits its largest part, a table that lines up, and the same for notebooks and JSON."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndmem.model.memory.breakdown import PARTS
from ndmem.results.breakdown import Breakdown

MIB = 2**20
NOTHING = dict.fromkeys(PARTS, 0)


def sized(**parts):
    """A process of 900 MiB with these parts, in MiB."""
    return Breakdown(7, 900 * MIB, **{**NOTHING, **{name: nbytes * MIB for name, nbytes in parts.items()}}, untouched=0)


def test_kept_by_malloc():
    """The classic case: RSS is large, the arrays are small, and it is no leak."""
    found = replace(sized(arrays=4, freed=1536), rss=1597 * MIB)
    assert found.conclusion == (
        "RSS is 1.56 GiB, but live arrays are 4 MiB: 1.5 GiB was freed and is kept by malloc; not a leak"
    )


def test_arrays():
    """Where arrays are the most, they are named; what malloc keeps is added if it is more than a tenth."""
    assert sized(arrays=800).conclusion == "RSS is 900 MiB, of which 800 MiB are live arrays"
    assert sized(arrays=700, freed=200).conclusion.endswith("; 200 MiB was freed and is kept by malloc; not a leak")


@pytest.mark.parametrize(
    ("part", "word"),
    [
        ("heap", "malloc"),
        ("python_used", "small Python objects"),
        ("python_free", "not a leak"),
        ("libraries", "libraries"),
        ("mapped", "mapped files"),
        ("shared", "shared memory"),
        ("stacks", "stacks"),
    ],
)
def test_largest_part(part, word):
    """The largest part is named with what it means."""
    found = sized(arrays=100, **{part: 750}).conclusion
    assert found.startswith("RSS is 900 MiB, but live arrays are 100 MiB: 750 MiB is ")
    assert word in found


def test_unexplained():
    """A large remainder is said to be one; parts beyond RSS make it negative."""
    assert "800 MiB is not explained" in sized(arrays=100).conclusion
    assert sized(arrays=901).unexplained == -MIB


def test_trimmed():
    """After trimming the sentence says what was given back, and the table has both states."""
    before, after = sized(arrays=500, freed=400), replace(sized(arrays=500), rss=600 * MIB)
    text = str(replace(after, before=before))
    assert text.startswith("malloc gave back 300 MiB. RSS is 600 MiB")
    (row,) = [line.split() for line in text.splitlines() if line.startswith("heap freed")]
    assert row[-5:] == ["400", "MiB", "0", "B", "0%"]
    assert str(replace(before, before=before)).startswith("malloc gave nothing back. RSS is")


def test_table():
    """Each part has a row of one width, unexplained and RSS are last, and ? is explained."""
    lines = str(replace(sized(arrays=600, libraries=50), heap=None, untouched=3 * MIB)).splitlines()
    rows = lines[2 : 3 + len(PARTS) + 2]
    assert len({len(row) for row in rows}) == 1
    assert [row.split()[0] for row in rows[-2:]] == ["unexplained", "RSS"]
    assert rows[-2].split()[1:] == ["250", "MiB", "28%"]
    assert lines[len(rows) + 2 :] == [
        "3 MiB of live arrays was never written and is not in RAM.",
        "? is unknown; it is part of unexplained.",
    ]


def test_notebook_and_json():
    """HTML escapes notes, and JSON has every part in bytes, None as null."""
    found = replace(sized(arrays=600), heap=None, notes=("<script>alert()</script>",))
    html = found._repr_html_()
    assert "<script>" not in html
    assert html.count("<tr>") == len(PARTS) + 3
    report = json.loads(json.dumps(found.to_dict()))
    assert (report["arrays_nbytes"], report["heap_nbytes"], report["unexplained_nbytes"]) == (
        600 * MIB,
        None,
        300 * MIB,
    )
    assert report["before"] is None


SIZES = st.none() | st.integers(0, 2**60)


@given(st.integers(0, 2**60), st.fixed_dictionaries(dict.fromkeys(PARTS, SIZES)), SIZES)
def test_any(rss, parts, untouched):
    """Parts and unexplained are RSS, and any of them can be printed, in one sentence, a table and JSON."""
    found = Breakdown(1, rss, **parts, untouched=untouched)
    assert sum(nbytes or 0 for nbytes in parts.values()) + found.unexplained == rss
    assert "\n" not in found.conclusion
    assert str(found).startswith(f"{found.conclusion}.\n\n")
    assert json.loads(json.dumps(found.to_dict()))["rss_nbytes"] == rss
    assert found._repr_html_().count("<tr>") == len(PARTS) + 3


_ARROW = """
import numpy as np, pyarrow as pa, pyarrow.compute as pc
import ndmem
kept = pc.add(pa.array(np.arange(5_000_000)), 1)
pool = pa.default_memory_pool()
print(pool.backend_name, pool.bytes_allocated(), ndmem.breakdown().arrow)
"""


def test_arrows_memory_has_a_row():
    """What Arrow's own allocator has in use is a part of its own, by Arrow's count."""
    pytest.importorskip("pyarrow")
    done = subprocess.run([sys.executable, "-c", _ARROW], capture_output=True, text=True, check=True, timeout=120)
    backend, allocated, found = done.stdout.split()
    assert int(allocated) >= 40_000_000
    assert int(found) == (0 if backend == "system" else int(allocated))
