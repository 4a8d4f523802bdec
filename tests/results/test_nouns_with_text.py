"""What the verbs return: the nouns of `ndmem.model` that print themselves, and stay values."""

import copy
import pickle
from collections.abc import Callable

import numpy as np
import pytest

import ndmem
from ndmem.budgets.excess import Excess
from ndmem.model.site import Site
from ndmem.results.memory_limits import Fit

KEPT = np.ones(100_000)
_LIMITS = ndmem.limits()

RETURNED: dict[str, Callable[[], object]] = {
    "weigh": lambda: ndmem.weigh({"a": KEPT}),
    "arrays": lambda: ndmem.arrays(smallest="64 KiB"),
    "breakdown": lambda: ndmem.breakdown(),
    "limits": lambda: _LIMITS,
    "fits": lambda: ndmem.fits("1 TiB", within=_LIMITS),
    "excess": lambda: Excess(
        100, 60, 50, "of arrays", Site("a.py", 3, 3, None, None, "f"), ndmem.arrays(smallest="64 KiB").buffers
    ),
}


@pytest.mark.parametrize("verb", RETURNED)
def test_a_copy_is_equal_and_prints_the_same(verb: str) -> None:
    """What a verb returned can be pickled and copied; the copy has its type, is equal to it, and prints the same."""
    found = RETURNED[verb]()
    for other in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert type(other) is type(found)
        assert other == found
        assert str(other) == str(found)


def test_a_fit_and_limits_print_as_text() -> None:
    """A fit prints its reason, which is an attribute too; limits print a table that marks the first to bind."""
    fit = RETURNED["fits"]()
    assert isinstance(fit, Fit)
    assert str(fit) == fit.why
    assert fit.why.startswith("needs 1 TiB; ")
    assert [line[0] for line in str(_LIMITS).splitlines() if line[0] in " →"].count("→") == 1


def test_two_weights_of_one_object_are_equal() -> None:
    """The weight of an object is equal to another weight of the same object, and its parts have the same labels."""
    before, after = (ndmem.weigh({"a": KEPT}, resident=False) for _ in range(2))
    assert before == after
    assert [part.label for part in after.parts] == ["['a']"]


def test_an_excess_is_printed_with_its_figures_its_place_and_the_largest_buffers() -> None:
    """The first line has what was asked, where, the budget and the live bytes; a line for each buffer follows."""
    first, *rest = str(RETURNED["excess"]()).splitlines()
    assert first == "60 B more at a.py:3 in f would exceed the budget of 100 B: 50 B of arrays are live"
    assert len(rest) == len(ndmem.arrays(smallest="64 KiB"))
