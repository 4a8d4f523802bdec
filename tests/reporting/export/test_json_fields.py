"""Each field of the JSON report, against values worked out by hand."""

from tests.reporting.export.json_report import report
from tests.reporting.samples import MIB, factoring, pipeline
from tests.traces import USER, Frame, TraceBuilder

LISTS = (
    "lines",
    "at_peak",
    "foreign_at_total_peak",
    "native_at_total_peak",
    "mapped_at_mapped_peak",
    "before_attach",
    "threads",
    "task_groups",
    "workers",
    "timeline",
    "rss",
)


def test_fields_of_a_pipeline() -> None:
    """Every figure of a run and of its process is the one that the trace was built with."""
    document = report(pipeline())
    site = {"filename": USER, "lineno": 5, "function": "normalise", "col": 24, "end_col": 37}
    figures = {"peak_nbytes": 601 * MIB, "live_nbytes_at_end": 400 * MIB + 8000, "total_nbytes": 801 * MIB + 8000}
    assert {key: value for key, value in document.items() if key not in (*LISTS, "processes")} == {
        "schema": 1,
        "origin": "measured",
        "program": ["/home/ada/pipeline.py"],
        "python": "3.12.1",
        "numpy": "2.4.6",
        "exit_status": 0,
        "ended": "exit",
        "refusal": None,
        **figures,
        "events": 8,
        "dropped": 0,
        "left_out": 0,
        "peak_site": site,
        "answer": {
            "pid": 4242,
            "kind": "arrays",
            "nbytes": 601 * MIB,
            "phase": "program",
            "reached_at": site,
            "line_nbytes": 400 * MIB,
            "allocated_at": {**site, "col": 12, "end_col": 20},
            "expression": None,
            "holders": [],
        },
        "domains": {
            "array": {"peak_nbytes": 601 * MIB, "live_nbytes": 400 * MIB + 8000, "total_nbytes": 801 * MIB + 8000},
            "foreign": None,
            "native": None,
            "mapped": None,
        },
        "native_reach": None,
        "total_peak_nbytes": None,
        "total_peak_site": None,
        "rss_peak_nbytes": None,
        "budget_nbytes": None,
        "limit": None,
        "before_attach_nbytes": None,
        "before_attach_count": None,
        "left_nbytes": None,
        "processes_peak_nbytes": 601 * MIB,
        "processes_total_peak_nbytes": None,
        "cluster": None,
        "processes_resident": None,
        "rank": None,
        "request": None,
        "job": None,
        "not_leaked": {"garbage": None, "resident": None, "unwritten_nbytes": 0, "mapped_nbytes": 0},
        "findings": [],
    }
    assert list(document)[-len(LISTS) :] == list(LISTS)
    assert (document["native_at_total_peak"], document["rss"]) == (None, [])


def test_fields_of_a_process() -> None:
    """A run without children has one process, with the figures of the run."""
    document = report(pipeline())
    assert document["processes"] == [
        {
            "pid": 4242,
            "parent": None,
            "begun": "program",
            "name": None,
            "program": ["/home/ada/pipeline.py"],
            "started_s": 0.0,
            "ended": "exit",
            "exit_status": 0,
            **{key: document[key] for key in ("peak_nbytes", "live_nbytes_at_end", "total_nbytes", "peak_site")},
            "native_peak_nbytes": None,
            "total_peak_nbytes": None,
            "rss_peak_nbytes": None,
            "inherited_nbytes": 0,
            "at_processes_peak_nbytes": 601 * MIB,
        }
    ]


def test_fields_of_a_thread() -> None:
    """The only thread has all arrays of 4 KiB and more: all but one array of 8,000 bytes is a whole number of MiB."""
    assert report(pipeline())["threads"] == [
        {
            "number": 0,
            "name": None,
            "at_peak_nbytes": 601 * MIB,
            "kept_nbytes": 400 * MIB,
            "total_nbytes": 801 * MIB,
            "count": 5,
        }
    ]


def test_fields_of_a_line() -> None:
    """Every figure of a line is the one that the trace was built with; those of native memory are null."""
    assert report(pipeline())["lines"][0] == {
        "filename": USER,
        "lineno": 5,
        "function": "normalise",
        "source": "return (x - mean) / x.std(axis=0)",
        "peak_nbytes": 601 * MIB,
        "at_peak_nbytes": 400 * MIB,
        "temporary_nbytes": 400 * MIB,
        "kept_nbytes": 200 * MIB,
        "total_nbytes": 600 * MIB,
        "count": 3,
        "at_total_peak_nbytes": None,
        "native_peak_nbytes": None,
        "native_at_total_peak_nbytes": None,
        "native_temporary_nbytes": None,
        "native_kept_nbytes": None,
        "native_total_nbytes": None,
        "native_count": None,
        "foreign_peak_nbytes": None,
        "foreign_at_total_peak_nbytes": None,
        "foreign_temporary_nbytes": None,
        "foreign_kept_nbytes": None,
        "foreign_total_nbytes": None,
        "foreign_count": None,
    }


def test_fields_of_live_arrays() -> None:
    """An array with a known holder has its name, shape and dtype; a temporary has its stack and expression."""
    raw, minus = report(pipeline())["at_peak"][:2]
    assert (raw["name"], raw["shape"], raw["dtype"], raw["is_view"]) == ("raw", [26214400], "float64", False)
    holder = {"shape": [26214400], "dtype": "float64", "is_view": False}
    assert raw["holders"] == [
        {"name": "raw", "function": "pipeline", **holder},
        {"name": "x", "function": "normalise", **holder},
    ]
    assert raw["temporary"] is False
    assert minus == {
        "nbytes": 200 * MIB,
        "stack": [
            {"filename": USER, "lineno": 5, "function": "normalise", "col": 12, "end_col": 20},
            {"filename": USER, "lineno": 8, "function": "<module>", "col": 9, "end_col": 23},
        ],
        "kind": "array",
        "file": None,
        "expression": "x - mean",
        "name": None,
        "shape": [5120, 5120],
        "dtype": "float64",
        "is_form_likely": False,
        "is_view": None,
        "thread": 0,
        "temporary": True,
        "holders": [],
        "former": [],
        "assigned_to": None,
        "returned_by": None,
    }


def test_fields_of_a_run_with_native_blocks() -> None:
    """Both kinds of memory, the total peak and its blocks, how it ended and what was resident are those put in."""
    document = report(factoring(exit_status=-9, rss=[(0.5, 90 * MIB)], rss_peak_nbytes=95 * MIB))
    assert document["domains"] == {
        "array": {"peak_nbytes": 16 * MIB, "live_nbytes": 16 * MIB, "total_nbytes": 16 * MIB},
        "foreign": {"peak_nbytes": 0, "live_nbytes": 0, "total_nbytes": 0},
        "native": {"peak_nbytes": 60 * MIB, "live_nbytes": 12 * MIB, "total_nbytes": 60 * MIB},
        "mapped": {"peak_nbytes": 0, "live_nbytes": 0, "total_nbytes": 0},
    }
    assert (document["peak_nbytes"], document["events"], document["ended"]) == (16 * MIB, 1, "signal 9")
    assert (document["total_peak_nbytes"], document["total_peak_site"]["lineno"]) == (76 * MIB, 4)
    answer = document["answer"]
    assert (answer["kind"], answer["nbytes"], answer["line_nbytes"]) == ("native", 76 * MIB, 48 * MIB)
    assert (answer["allocated_at"]["lineno"], answer["expression"]) == (4, "np.linalg.svd(a)")
    assert document["rss_peak_nbytes"] == 95 * MIB
    assert document["rss"] == [{"time_s": 0.5, "nbytes": 90 * MIB}]
    blocks = [(block["nbytes"], block["expression"], block["origin"]) for block in document["native_at_total_peak"]]
    assert blocks == [
        (32 * MIB, "np.linalg.svd(a)", None),
        (16 * MIB, "np.linalg.svd(a)", None),
        (8 * MIB, None, "OpenBLAS thread buffers"),
        (4 * MIB, "sorted(words)", None),
    ]
    line = next(line for line in document["lines"] if line["lineno"] == 4)
    native = {key: value for key, value in line.items() if "native" in key}
    assert native == {
        "native_peak_nbytes": 60 * MIB,
        "native_at_total_peak_nbytes": 48 * MIB,
        "native_temporary_nbytes": 48 * MIB,
        "native_kept_nbytes": 0,
        "native_total_nbytes": 48 * MIB,
        "native_count": 2,
    }
    highest = max(document["timeline"], key=lambda point: point["native_nbytes"])
    assert (highest["live_nbytes"], highest["native_nbytes"]) == (16 * MIB, 60 * MIB)


def test_a_share_of_several_lines_has_the_line_with_most() -> None:
    """Where the largest share is small blocks of three lines, the line with most native memory is named instead."""
    builder = TraceBuilder(native_threshold=64 * 1024)
    origins = {}
    for lineno in (1, 2, 3):
        for _ in range(lineno):
            origins[builder.number(builder.native((Frame(USER, lineno),), MIB))] = "(small blocks)"
        builder.native((Frame(USER, lineno),), 3 * MIB)
    sources = {USER: "\n".join(f"line_{lineno}()" for lineno in (1, 2, 3))}
    answer = report(builder.build(sources=sources, origins=origins))["answer"]
    assert (answer["kind"], answer["nbytes"], answer["line_nbytes"]) == ("native", 15 * MIB, 6 * MIB)
    assert (answer["allocated_at"]["lineno"], answer["expression"]) == (3, None)
