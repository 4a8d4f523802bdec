"""What reading costs: the memory of the block, and no pages of the file."""

import re
from pathlib import Path

import numpy as np
import pytest

from ndmem.platform.resident.pages import resident_nbytes
from ndmem.scaling.sources import open_source

_ROWS = 4096
_ROW_NBYTES = 8 * 512  # one page


def _file_nbytes() -> int:
    """Bytes of mapped files that are resident memory of this process."""
    return int(re.search(r"RssFile:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024


@pytest.mark.parametrize("mapped", [False, True])
def test_no_page_of_the_file_becomes_resident(mapped, tmp_path):
    """Reading 16 MiB of a file in blocks, by its path or a map of it, leaves none of its pages in the process."""
    path = tmp_path / "a.npy"
    np.save(path, np.ones((_ROWS, 512)))
    array = np.load(path, mmap_mode="r") if mapped else None
    source = open_source(array if mapped else path)
    before = _file_nbytes()
    for start in range(0, _ROWS, 256):
        assert source.read(start, start + 256).all()
    source.close()
    assert _file_nbytes() - before < 64 * _ROW_NBYTES
    if mapped and (found := resident_nbytes([(array.ctypes.data, array.nbytes)])[0]) is not None:
        assert found <= _ROW_NBYTES  # the page of the header, which numpy.load touches
