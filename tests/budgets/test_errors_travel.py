"""Errors that one process raises and another one shows."""

from __future__ import annotations

import pickle

import pytest

import ndmem

ERRORS = [value for value in map(vars(ndmem.errors).get, dir(ndmem.errors)) if isinstance(value, type)]


@pytest.mark.parametrize(
    "kind", [one for one in ERRORS if issubclass(one, ndmem.NdmemError)], ids=lambda kind: kind.__name__
)
def test_an_error_is_made_again_by_its_class(kind):
    """Each error can be made by ``__new__`` of its class, as tblib does, and is the same after pickling."""
    assert type(kind.__new__(kind, "text")) is kind
    again = pickle.loads(pickle.dumps(kind("text")))
    assert (type(again), again.args) == (kind, ("text",))
