"""Memory layouts of samples."""

import pickle
from typing import Any

import numpy as np
import pytest

from ndmem.planning.arguments.bind_specs import bind_arguments
from ndmem.planning.arguments.real.sample_data import Sample


def _sample(array: Any, **lengths: int) -> Any:
    arguments = pickle.loads(pickle.dumps(bind_arguments(lambda x: x, (array,), {})))  # as a fresh interpreter gets it
    (made,), _ = arguments.make({**arguments.lengths, **lengths}, Sample.FIRST)
    return made


def _unaligned() -> Any:
    return np.frombuffer(bytearray(8001), np.uint8)[1:].view("f8")


_ARRAYS = {
    "C": np.zeros((1000, 800)),
    "F": np.zeros((1000, 800), order="F"),
    "transposed": np.zeros((1000, 800, 5)).transpose(2, 0, 1),
    "columns": np.zeros((1000, 1600))[:, ::2],
    "rows": np.zeros((2000, 800))[::2],
    "a block": np.zeros((1000, 1600))[:, 100:900],
    "reversed": np.zeros(1000)[::-1],
    "reversed rows": np.zeros((1000, 800))[::-1],
    "one column": np.zeros((1000, 800))[:, 3],
    "broadcast": np.broadcast_to(np.zeros(800), (1000, 800)),
    "a field": np.zeros(1000, [("a", "i4"), ("b", "f8")])["b"],
    "unaligned": _unaligned(),
    "big-endian": np.zeros(1000, ">f8"),
    "structured": np.zeros(1000, [("a", "i4"), ("b", "f8")]),
    "objects with gaps": np.zeros(2000, object)[::2],
    "windows": np.lib.stride_tricks.sliding_window_view(np.zeros(1000), 10),
}
_FLAGS = ("C_CONTIGUOUS", "F_CONTIGUOUS", "ALIGNED", "WRITEABLE")


@pytest.mark.parametrize("array", _ARRAYS.values(), ids=_ARRAYS)
@pytest.mark.parametrize("length", [None, 40])
def test_a_sample_has_the_layout_of_the_array(array: Any, length: int | None) -> None:
    """Flags, dtype, signs of strides and repeated axes are those of the array, at small sizes and at the real one."""
    made = _sample(array) if length is None else _sample(array, n=length)
    assert made.ndim == array.ndim
    assert made.shape == array.shape if length is None else made.size < array.size
    assert [made.flags[name] for name in _FLAGS] == [array.flags[name] for name in _FLAGS]
    assert made.dtype == array.dtype
    assert [np.sign(each) for each in made.strides] == [np.sign(each) for each in array.strides]
    assert made.flags.owndata or not (array.flags.c_contiguous or array.flags.f_contiguous) or not array.flags.aligned


@pytest.mark.parametrize("array", [_ARRAYS["columns"], _ARRAYS["reversed"], _ARRAYS["transposed"]])
def test_the_real_size_has_the_elements_of_the_array(array: Any) -> None:
    """At the real size a sample equals the array, and shares no memory with it."""
    array[...] = np.arange(array.size).reshape(array.shape)
    made = _sample(array)
    assert np.array_equal(made, array)
    assert not np.shares_memory(made, array)


def test_a_sample_can_be_written_to_without_the_array() -> None:
    """A function that writes to its sample changes no real array."""
    array = np.zeros((1000, 1600))[:, ::2]
    _sample(array, n=40)[...] = 1
    assert not array.any()


def test_a_read_only_array_stays_read_only() -> None:
    """A sample of a read-only array refuses to be written to, as the array does."""
    array = np.zeros(1000)
    array.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        _sample(array, n=40)[0] = 1


class _Labelled(np.ndarray):
    label = ""

    def __array_finalize__(self, other: Any) -> None:
        self.label = getattr(other, "label", "")


def test_a_subclass_stays_and_passes_its_attributes_on() -> None:
    """A sample of a subclass is of that class, with what __array_finalize__ copies."""
    array = np.zeros(1000).view(_Labelled)
    array.label = "metres"
    (made,), _ = bind_arguments(lambda x: x, (array,), {}).make({"n": 40}, Sample.FIRST)
    assert (type(made), made.shape, made.label) == (_Labelled, (40,), "metres")
    assert type(_sample(np.zeros(1000, [("a", "f8")]).view(np.recarray), n=40)) is np.recarray


def test_a_masked_array_keeps_its_mask_at_its_data() -> None:
    """Data and mask are taken at the same positions; no mask stays no mask."""
    data = np.arange(1000.0)
    made = _sample(np.ma.MaskedArray(data, data >= 700, fill_value=-5), n=100)
    assert np.array_equal(made.mask, made.data >= 700)
    assert made.fill_value == -5
    assert made.mask.sum() == pytest.approx(30, abs=2)
    (made,), _ = bind_arguments(lambda x: x, (np.ma.MaskedArray(data),), {}).make({"n": 100}, Sample.FIRST)
    assert made.mask is np.ma.nomask
