"""The files of a job's ranks: a folder or several files become one run; each kind of bad input says what it is."""

import dataclasses
import io
import re
from pathlib import Path

import pytest
from tests.rank_traces import MIB, rank_trace, write_ranks

import ndmem
from ndmem.errors import TraceError
from ndmem.model.trace_file.writing import write_trace

TRACES = [rank_trace(number, {2: (number + 1) * MIB}) for number in range(4)]


def _report(*paths: Path) -> str:
    stream = io.StringIO()
    ndmem.load(*paths).report(stream)
    return " ".join(stream.getvalue().split())


def test_a_folder_and_its_files_are_the_same_run(tmp_path: Path) -> None:
    """A folder, and its files in any order, give the same report: of the rank with most, with the figures of all."""
    files = write_ranks(tmp_path / "d", TRACES)
    text = _report(tmp_path / "d")
    assert text.startswith("Peak 4 MiB in rank 3")
    assert _report(*reversed(files)) == text
    run = ndmem.load(tmp_path / "d")
    assert [each.peak_nbytes for each in run.ranks] == [MIB, 2 * MIB, 3 * MIB, 4 * MIB]
    assert (run.peak, run.trace.run.rank.number) == (4 * MIB, 3)


def test_a_missing_rank_is_named(tmp_path: Path) -> None:
    """A rank of the job's size without a file is in the report."""
    write_ranks(tmp_path / "d", [TRACES[0], TRACES[1], TRACES[3]])
    assert "1 of 4 ranks has no file here: 2." in _report(tmp_path / "d")


def test_a_truncated_file_becomes_a_note(tmp_path: Path) -> None:
    """A file that was cut is named with its error, its rank is missing, and the others are shown."""
    files = write_ranks(tmp_path / "d", TRACES)
    files[2].write_bytes(files[2].read_bytes()[:-100])
    for text in (_report(tmp_path / "d"), _report(*files)):
        assert text.startswith("Peak 4 MiB in rank 3")
        assert re.search(r"run\.rank-0002\.ndmem cannot be read: .*truncated", text)
        assert "1 of 4 ranks has no file here: 2." in text


def test_a_folder_without_traces_and_one_with_damaged_ones_are_refused(tmp_path: Path) -> None:
    """An error names the folder, or the file, and what to do."""
    with pytest.raises(IsADirectoryError, match=r"without \.ndmem files; name a file"):
        ndmem.load(tmp_path)
    (tmp_path / "cut.ndmem").write_bytes(b"")
    with pytest.raises(TraceError, match=r"cut\.ndmem: it is an empty file"):
        ndmem.load(tmp_path)


def test_of_two_jobs_in_a_folder_the_newest_is_shown(tmp_path: Path) -> None:
    """A note names the other job; files of two jobs that the user named are an error."""
    files = write_ranks(tmp_path / "d", TRACES)
    newer = [rank_trace(number, {2: MIB}, job="18.0", size=2, started=1_700_009_999.0) for number in range(2)]
    others = write_ranks(tmp_path / "d", newer, "again")
    text = _report(tmp_path / "d")
    assert "2 ranks of job 18.0" in text
    assert "files of 2 jobs: this is the newest, job 18.0; not shown: job 17.0 (run.rank-0000.ndmem, …)" in text
    with pytest.raises(TraceError, match=r"is of job 17\.0, .* of job 18\.0; name the files of one job"):
        ndmem.load(files[0], others[0])


def test_programs_without_a_job_are_told_apart_by_name(tmp_path: Path) -> None:
    """Where the launcher names no job, ranks of two programs are of two jobs."""
    traces = [rank_trace(number, {2: MIB}, job=None, program=name) for number, name in enumerate(("a.py", "b.py"))]
    with pytest.raises(TraceError, match=r"is of program a\.py, .* of program b\.py"):
        ndmem.load(*write_ranks(tmp_path / "d", traces))


def test_of_two_files_of_a_rank_the_later_run_is_shown(tmp_path: Path) -> None:
    """A note names both files; the figures are those of the run that began later."""
    write_ranks(tmp_path / "d", TRACES)
    write_ranks(tmp_path / "d", [rank_trace(1, {2: 9 * MIB}, started=1_600_000_000.0)], "old")
    text = _report(tmp_path / "d")
    assert text.startswith("Peak 4 MiB in rank 3")
    assert "Rank 1 has 2 files: run.rank-0001.ndmem is shown, old.rank-0001.ndmem began earlier." in text


def test_runs_that_are_no_ranks(tmp_path: Path) -> None:
    """One plain run in a folder is that run; several, or one among named ranks, are refused; a folder's ranks win."""
    files = write_ranks(tmp_path / "d", TRACES)
    (tmp_path / "plain").mkdir()
    plain = dataclasses.replace(TRACES[0], run=dataclasses.replace(TRACES[0].run, rank=None))
    write_trace(plain, tmp_path / "plain" / "a.ndmem")
    assert _report(tmp_path / "plain").startswith("Peak 1 MiB: one array")
    with pytest.raises(TraceError, match="is not the run of a rank of a job"):
        ndmem.load(tmp_path / "plain" / "a.ndmem", *files)
    write_trace(plain, tmp_path / "plain" / "b.ndmem")
    with pytest.raises(TraceError, match="are not of the ranks of one job; name one run of"):
        ndmem.load(tmp_path / "plain")
    write_trace(plain, tmp_path / "d" / "a.ndmem")
    assert _report(tmp_path / "d").startswith("Peak 4 MiB in rank 3")


def test_a_rank_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    """A file whose rank is not below its number of ranks is damaged."""
    (file,) = write_ranks(tmp_path / "d", [rank_trace(4, {2: MIB}, size=4)])
    with pytest.raises(TraceError, match="its number of ranks makes no sense"):
        ndmem.load(file)
