"""The line table as a DataFrame."""

import sys

import pytest
from tests.reporting.samples import MIB, factoring, pipeline
from tests.traces import TraceBuilder

import ndmem
from ndmem.analysis.index import TraceIndex
from ndmem.reporting.export.dataframe import make_dataframe

pd = pytest.importorskip("pandas")


def test_the_figures_are_those_of_the_lines() -> None:
    """Each line is a row with its bytes; unknown figures are <NA>, and native memory that was not tracked too."""
    frame = make_dataframe(TraceIndex(pipeline()))
    assert len(frame) == 5
    first = frame.iloc[0]
    assert (first["source"], first["lineno"]) == ("return (x - mean) / x.std(axis=0)", 5)
    assert [first[name] for name in ("peak_nbytes", "at_peak_nbytes", "temporary_nbytes", "kept_nbytes")] == [
        601 * MIB, 400 * MIB, 400 * MIB, 200 * MIB,
    ]  # fmt: skip
    small = frame[frame["lineno"] == 9].iloc[0]
    assert (small["count"], small["temporary_nbytes"] is pd.NA) == (1000, True)
    assert frame["native_peak_nbytes"].isna().all()
    # The bytes that lines allocated themselves sum to the peak.
    assert int(frame["own_nbytes"].sum()) == 601 * MIB


def test_native_blocks_have_columns() -> None:
    """Where native memory was watched its figures are there: the factoring line had 60 MiB while it ran."""
    frame = make_dataframe(TraceIndex(factoring()))
    assert set(frame["native_peak_nbytes"].dropna()) >= {60 * MIB}
    assert str(frame["native_count"].dtype) == "Int64"


def test_a_run_without_arrays_is_an_empty_frame() -> None:
    """There are no rows, and the columns are all there."""
    frame = make_dataframe(TraceIndex(TraceBuilder().build()))
    assert len(frame) == 0
    assert list(frame.columns) == list(make_dataframe(TraceIndex(pipeline())).columns)


def test_without_pandas_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing pandas is named."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ndmem.MissingError, match="pip install pandas"):
        make_dataframe(TraceIndex(pipeline()))
