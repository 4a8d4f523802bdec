"""The table of processes: a row each, one row for many that are alike, and nothing that steers a terminal."""

import io
from dataclasses import replace

from tests.reporting.samples import MIB, pipeline

from ndmem.analysis.index import TraceIndex
from ndmem.model.family import Begun, Family, Kin, Member, make_family
from ndmem.model.together import Together
from ndmem.reporting.text.report import write_text
from ndmem.reporting.view import View

TRACE = pipeline()
ENDED = TRACE.run.started + 1


def child(pid: int, name: str | None = None, *, status: int | None = 0, begun: Begun = Begun.FORK) -> Member:
    """Return a child with the arrays of the sample."""
    run = replace(TRACE.run, pid=pid, started=TRACE.run.started + pid, exit_status=status)
    return Member(replace(TRACE, run=run), Kin(begun, (TRACE.run.pid,), name, ended=ENDED + pid))


def report(members: list[Member], *notes: str, rows: int | None = 20) -> list[str]:
    """Return the lines about processes."""
    stream = io.StringIO()
    family = make_family([Member(TRACE, Kin(ended=ENDED)), *members], notes)
    write_text(
        TraceIndex(TRACE, family=family), stream, view=View(width=100, rows=rows), folder="/home/ada", file="a.ndmem"
    )
    lines = stream.getvalue().splitlines()
    begin = next(
        (i for i, line in enumerate(lines) if "processes allocated arrays" in line or line in notes), len(lines)
    )
    return [line for line in lines[begin:] if not line.startswith("More:")]


def test_a_program_alone_has_no_table() -> None:
    """One process is not worth a table."""
    assert report([]) == []


def test_each_process_has_a_row() -> None:
    """A few children are shown one by one, with what is known of their end."""
    lines = report([child(5, "Worker-1"), child(6, status=-9), child(7, status=3), child(8, status=None)])
    text = "\n".join(lines)
    for expected in ("5    Worker-1 at", "6    fork at", "killed by SIGKILL", "exit status 3", "still running or not"):
        assert expected in text
    assert "5 processes allocated arrays" in lines[0]


def test_thousands_of_short_children_are_one_row() -> None:
    """1,000 workers of one kind are one row, and another kind has its own."""
    workers = [child(pid, f"Worker-{pid}") for pid in range(1, 1001)]
    lines = report([*workers, child(2000, "Loader")])
    assert [line.split()[-5:-3] for line in lines if "Worker-*" in line] == [["1,000", "x"]]
    assert sum("Loader" in line for line in lines) == 1
    assert len(lines) < 12


def test_rows_beyond_the_limit_are_counted() -> None:
    """Twenty-five children of different kinds fill the table, and the rest are counted."""
    lines = report([child(pid, "abcdefghijklmnopqrstuvwxyz"[pid]) for pid in range(25)], rows=10)
    assert sum("… and 16 more" in line for line in lines) == 1


def test_names_do_not_steer_the_terminal() -> None:
    """What a process is called and what a note says is shown harmless."""
    hostile = "\x1b[31mred\nline [bold]x[/bold] \u202e"
    text = "\n".join(report([child(5, hostile)], hostile))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[bold]x[/bold]" in text


def test_notes_are_shown_without_children() -> None:
    """A file that cannot be read has a note, also if there is no other."""
    assert report([], "The record cannot be read.") == ["The record cannot be read.", ""]


def test_what_processes_have_together_is_stated() -> None:
    """With children the report has the resident memory of all; for a shell only if there is shared memory."""
    together = Together(200 * MIB, 340 * MIB, 64 * MIB, None, 3, 0, 12)
    shared = replace(TRACE, together=together)
    alone = replace(TRACE, together=replace(together, shared_memory_nbytes=None, processes=2, looks=1))
    sentence = (
        "Resident memory of 3 processes together, shared pages counted once: 200 MiB; summed process by process: "
        "340 MiB; highest of 12 samples. Of it 64 MiB are shared memory: no line of the tables has them."
    )
    for trace, members, stated in ((shared, 1, True), (shared, 2, True), (alone, 1, False), (alone, 2, True)):
        stream = io.StringIO()
        family = make_family([Member(trace, Kin(ended=ENDED)), child(5)][:members])
        write_text(TraceIndex(trace, family=family), stream, view=View(width=200))
        assert ("Resident memory of" in stream.getvalue()) is stated
        assert (sentence in stream.getvalue()) is (stated and trace is shared)


def test_an_empty_family_is_nothing() -> None:
    """An empty family adds nothing to a report."""
    stream = io.StringIO()
    write_text(TraceIndex(TRACE, family=Family(())), stream, view=View(width=100))
    assert "processes" not in stream.getvalue()
