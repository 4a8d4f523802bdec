"""Real arguments: the same object twice, memory in common, tables, sparse matrices, lists and tiny arrays."""

import pickle
from typing import Any

import numpy as np
import pytest

import ndmem
from ndmem.planning.arguments.arguments import Arguments
from ndmem.planning.arguments.bind_specs import bind_arguments
from ndmem.planning.arguments.real.sample_data import Sample


def _bind(*arguments: Any, **keywords: Any) -> Arguments:
    bound = bind_arguments(lambda *arguments, **keywords: None, arguments, keywords)
    return pickle.loads(pickle.dumps(bound))  # type: ignore[no-any-return]  # as a fresh interpreter gets them


def _make(arguments: Arguments, **lengths: int) -> Any:
    return arguments.make({**arguments.lengths, **lengths}, Sample.FIRST)


def test_an_array_that_is_passed_twice_is_one_object() -> None:
    """The same array twice, also in a list and as a keyword, is one array in the sample, and counts once."""
    x = np.zeros(1000)
    arguments = _bind(x, [x], y=x)
    (a, (b,)), keywords = _make(arguments, n=40)
    assert a is b is keywords["y"]
    assert arguments.nbytes(arguments.lengths) == arguments.present_nbytes() == 8000
    (c,), _ = _make(_bind(x), n=40)
    assert c is not a


@pytest.mark.parametrize(
    ("name", "view"),
    [
        ("every second", lambda x: x[::2]),
        ("shifted", lambda x: x[1:]),
        ("reversed", lambda x: x[::-1]),
        ("another object", lambda x: x[:]),
        ("the second half", lambda x: x[len(x) // 2 :]),
    ],
)
@pytest.mark.parametrize("length", [None, 64])
def test_memory_in_common_stays_in_common(name: str, view: Any, length: int | None) -> None:
    """A view of another argument is a view of its sample, with the same step, and no memory is counted twice."""
    x = np.arange(10_000.0)
    arguments = _bind(x, view(x))
    short = {n: whole * (length or 10_000) // 10_000 for n, whole in arguments.lengths.items()}
    (a, b), _ = _make(arguments, **short)
    assert (len(a), len(b)) == (short["n"], short[next(k for k, v in arguments.lengths.items() if v == len(view(x)))])
    assert np.shares_memory(a, b)
    assert b.strides == view(x).strides
    assert arguments.nbytes(arguments.lengths) == 80_000
    assert arguments.doubts == ()
    if length is None:
        assert np.array_equal(a, x)
        assert np.array_equal(b, view(x))


def test_a_transposed_argument_stays_a_view() -> None:
    """An array and its transpose share the memory of the sample."""
    x = np.zeros((1000, 800))
    (a, b), _ = _make(_bind(x, x.T), n=40)
    assert b.base is a
    assert b.strides == a.strides[::-1]


def test_memory_in_common_that_samples_do_not_keep_is_reported() -> None:
    """Blocks that overlap in two axes are separate in samples, and `doubts` says so."""
    x = np.zeros((1000, 800))
    assert "memory in common" in _bind(x, x[10:, 5:]).doubts[0]
    assert _bind(x, np.zeros((1000, 800))).doubts == ()


def test_tiny_and_empty_arrays_are_passed_as_they_are() -> None:
    """An array too short to be reduced, without elements or without axes has no dimension."""
    tiny, empty, scalar = np.arange(3.0), np.zeros((0, 5)), np.array(3.0)
    arguments = _bind(tiny, empty, scalar)
    (a, b, c), _ = _make(arguments)
    assert arguments.lengths == {}
    assert (a.tolist(), b.shape, c.item()) == ([0, 1, 2], (0, 5), 3.0)
    (d,), _ = _make(_bind(np.zeros((0, 5000))), n=40)
    assert d.shape == (0, 40)


def test_objects_are_sampled_and_not_compared() -> None:
    """Elements of an array of objects come from all over it; none of their methods runs."""

    class Silent:
        def __eq__(self, other: object) -> bool:
            raise AssertionError

        def __hash__(self) -> int:
            raise AssertionError

        __lt__ = __eq__

    objects = np.array([None, *(Silent() for _ in range(999))], object)
    (made,), _ = bind_arguments(lambda x: x, [objects], {}).make({"n": 100}, Sample.FIRST)
    assert made.shape == (100,)
    assert made[0] is None
    assert made[-1] is objects[-1]


def test_a_long_list_has_a_dimension() -> None:
    """A list of numbers or texts is reduced with an array of its length, and stays a list; a short one stays whole."""
    words = sorted(f"{i:05d}" for i in range(10_000))
    arguments = _bind(np.zeros(10_000), words, list(range(10_000)), [1, 2, 3])
    (x, texts, indices, few), _ = _make(arguments, n=200)
    assert (len(x), len(texts), type(texts)) == (200, 200, list)
    assert texts == sorted(texts)
    assert indices == list(range(200))
    assert few == [1, 2, 3]


def _frame(pandas: Any) -> Any:
    rng = np.random.default_rng(2)
    return pandas.DataFrame(
        {
            "key": np.sort(rng.integers(0, 20, 10_000)),
            "id": rng.permutation(10_000) * 1_000_003,
            "value": np.linspace(0, 1, 10_000),
            "kind": pandas.Categorical(rng.choice(["a", "b", "c"], 10_000)),
            "text": ["low"] * 5000 + ["high"] * 5000,
        }
    )


def test_a_data_frame_is_sampled_across() -> None:
    """Keys are all there and sorted, identifiers are unique, shares stay, and so do dtypes and a range as index."""
    pandas = pytest.importorskip("pandas")
    frame = _frame(pandas)
    (made,), _ = _make(_bind(frame), n=1000)
    assert made.dtypes.equals(frame.dtypes)
    assert isinstance(made.index, pandas.RangeIndex)
    assert sorted(set(made["key"])) == list(range(20))
    assert made["key"].is_monotonic_increasing
    assert made["id"].is_unique
    assert (made["value"] < 0.3).mean() == pytest.approx(0.3, abs=0.002)
    assert (made["text"] == "low").mean() == pytest.approx(0.5, abs=0.002)
    assert list(made["kind"].cat.categories) == ["a", "b", "c"]
    assert len(made._mgr.blocks) == len(frame._mgr.blocks)


def _first_search(frame: Any) -> int:
    """Return the peak of finding a column: pandas keeps the places of the columns once it has computed them."""
    with ndmem.track(threshold=1) as run:
        frame.iloc[:, 1]
    return run.peak


@pytest.mark.parametrize("is_searched", [False, True])
def test_a_prediction_asks_a_data_frame_without_a_trace(is_searched: bool) -> None:
    """A frame whose columns were not found yet stays so, and its samples are alike; so is one whose columns were."""
    pandas = pytest.importorskip("pandas")
    frame, other = _frame(pandas), _frame(pandas)
    if is_searched:
        _first_search(frame), _first_search(other)
    bound = bind_arguments(lambda frame: None, (frame,), {})
    (small,), _ = _make(bound, n=1000)
    (whole,), _ = _make(bound)
    assert bound.nbytes({"n": 10_000}) == _frame(pandas).memory_usage().sum()
    expected = _first_search(other)
    assert (expected > 0) is not is_searched
    assert [_first_search(each) for each in (frame, small, whole)] == [expected] * 3


def test_the_index_of_a_table_stays_what_it_is() -> None:
    """A regular index stays regular; another one keeps order and uniqueness."""
    pandas = pytest.importorskip("pandas")
    series = pandas.Series(np.arange(10_000.0), index=pandas.date_range("2000", periods=10_000, freq="h"))
    (made,), _ = _make(_bind(series), n=500)
    assert made.index.freq == series.index.freq
    assert (len(made), made.iloc[-1]) == (500, 9999.0)
    texts = pandas.Series(np.zeros(10_000), index=sorted(f"{i:05d}" for i in range(10_000)))
    (made,), _ = _make(_bind(texts), n=500)
    assert made.index.is_monotonic_increasing
    assert made.index.is_unique
    assert made.index[-1] == "09999"


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "lil"])
def test_a_sparse_matrix_has_any_number_of_entries(kind: str) -> None:
    """The number of entries is a dimension: a sample has that many, in its format, its dtypes, and in all rows."""
    sparse = pytest.importorskip("scipy.sparse")
    rng = np.random.default_rng(1)
    places = rng.integers(0, 2000, (2, 40_000))
    matrix = sparse.coo_matrix((np.ones(40_000, "f4"), places), shape=(2000, 2000)).tocsr().asformat(kind)
    arguments = _bind(matrix)
    (name,) = set(arguments.lengths) - {"n"}
    assert arguments.lengths[name] == matrix.nnz
    (made,), _ = _make(arguments, **{"n": 100, name: 1000})
    assert (made.format, made.shape, made.dtype, made.nnz) == (kind, (100, 100), np.float32, 1000)
    rows = np.diff(made.tocsr().indptr)
    assert rows.min() >= 1
    assert made.tocsr().has_canonical_format


def test_a_diagonal_matrix_stays_diagonal() -> None:
    """The entries of an identity matrix are as many as its rows, and stay on the diagonal."""
    sparse = pytest.importorskip("scipy.sparse")
    arguments = _bind(sparse.eye(10_000, format="csr"))
    assert arguments.lengths == {"n": 10_000}
    (made,), _ = _make(arguments, n=64)
    assert np.array_equal(made.toarray(), np.eye(64))
