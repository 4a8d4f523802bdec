"""The text files of ``mprof``: read as they were written, by us or by memory_profiler, or refused in one line."""

from datetime import datetime
from pathlib import Path

import pytest

from ndmem.errors import TraceError
from ndmem.integrations.mprof.choose import choose_files, choose_last, describe_time, list_files, name_file
from ndmem.integrations.mprof.dat_file import Call, Sample, read_dat

WHOLE = """\
CMDLINE /usr/bin/python 'a b.py' --n 3
MEM 10.500000 1000.0000
CHLD 77 1.250000 1000.0100
FUNC __main__.outer 10.5000 1000.0500 20.2500 1000.3500 0
FUNC __main__.inner 11.0000 1000.1500 12.0000 1000.1600 1
FUNC old.without_level 11.0000 1000.1500 12.0000 1000.1600
LATER what a newer version may write
MEM 30.000000 1000.2000
MEM 5.000000 1000.4000
"""


def write(folder: Path, text: str, name: str = "run.dat") -> Path:
    """Write a file as it is."""
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_every_kind_of_line_is_read(tmp_path: Path) -> None:
    """The command, samples, children and calls have the figures of their lines; unknown lines are left out."""
    found = read_dat(write(tmp_path, WHOLE))
    assert found.command == "/usr/bin/python 'a b.py' --n 3"
    assert found.samples == [Sample(10.5, 1000.0), Sample(30.0, 1000.2), Sample(5.0, 1000.4)]
    assert found.children == {"77": [Sample(1.25, 1000.01)]}
    assert found.calls == [
        Call("__main__.outer", Sample(10.5, 1000.05), Sample(20.25, 1000.35), 0),
        Call("__main__.inner", Sample(11.0, 1000.15), Sample(12.0, 1000.16), 1),
        Call("old.without_level", Sample(11.0, 1000.15), Sample(12.0, 1000.16), 0),
    ]
    assert found.samples_during("__main__.outer") == [Sample(30.0, 1000.2)]
    assert found.samples_during("__main__.inner") == []
    with pytest.raises(TraceError, match=r"no calls of 'f'; there are calls of: __main__\.inner, __main__\.outer, old"):
        found.samples_during("f")


def test_a_file_cut_anywhere_has_the_lines_before_the_cut(tmp_path: Path) -> None:
    """Cut at any byte the file has the samples of its whole lines, or is refused where there are none."""
    for cut in range(len(WHOLE)):
        path, whole = write(tmp_path, WHOLE[:cut]), WHOLE[:cut].splitlines(keepends=True)
        expected = sum(line.startswith("MEM") and line.endswith("\n") for line in whole)
        if expected:
            assert len(read_dat(path).samples) == expected
        else:
            with pytest.raises(TraceError, match=r"not a file of mprof|has no samples of memory"):
                read_dat(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"run\.dat is an empty file, not a file of mprof; "),
        ("\n", "not a file of mprof"),
        ("%PDF-1.4\n\udcff\x00\n", "not a file of mprof"),
        ("CMDLINE python x.py\n", "has no samples of memory: the program never ran"),
        ("MEM 1.0 2.0\nMEM 1.0\nMEM 1.0 3.0\n", "line 2: MEM without its numbers; the file is damaged"),
        ("MEM 1.0 2.0\nMEM nan 3.0\n", "line 2: MEM"),
        ("MEM 1.0 2.0\nMEM 1.0 inf\n", "line 2: MEM"),
        ("MEM 1.0 2.0\nFUNC f 1 2 3\n", "line 2: FUNC"),
        ("MEM 1.0 2.0\nFUNC f 1 2 3 4 deep\n", "line 2: FUNC"),
        ("MEM 1.0 2.0\nCHLD 1 2\n", "line 2: CHLD"),
    ],
)
def test_what_is_no_file_of_mprof_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """Empty, foreign and damaged files are refused, with the line where there is one."""
    path = tmp_path / "run.dat"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(TraceError, match=message):
        read_dat(path)


def test_files_are_chosen_by_number_or_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers count from the oldest, negative ones from the newest; other names are not listed, but may be given."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TraceError, match=r"no mprofile_\*\.dat here"):
        choose_last()
    newer, older = name_file(datetime(2026, 11, 27, 14, 10, 5)), "mprofile_20251231235959.dat"
    for name in (newer, older, "mprofile_mine_of_today.dat", "mprofile_20251231235959.html", "other.dat"):
        (tmp_path / name).touch()
    assert newer == "mprofile_20261127141005.dat"
    assert list_files() == [Path(older), Path(newer)]
    assert choose_last() == Path(newer)
    assert choose_files(["-1", "other.dat", "0", older]) == [Path(newer), Path("other.dat"), Path(older)]
    assert describe_time(Path(newer)) == "14:10:05 27/11/2026"
    for word, message in (
        ("2", "no file has the number 2: .* shows 2"),
        ("-3", "number -3"),
        ("no.dat", "no such file"),
    ):
        with pytest.raises(TraceError, match=message):
            choose_files([word])
    with pytest.raises(TraceError, match="is a folder"):
        choose_files([str(tmp_path)])
