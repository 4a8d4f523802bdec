"""The members of a trace file, their dtypes, and its versions.

The file is a zip archive as ``numpy.savez`` writes it: one ``.npy`` member for each column, and ``trace.json`` for the
rest. NumPy alone can read it; see docs/reference/trace-format.md.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from ndmem.model.columns import CallTree, Compacted, Domain, Events, Samples, Tallies

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 2
COMPACTED_VERSION = 3
"""The version of a trace from which events were discarded: an older reader would compute wrong figures from it."""
MEMBER = "trace.json"
COLUMNS: Mapping[type, Mapping[str, type]] = {
    CallTree: {
        "parent": np.int32,
        "site": np.int32,
        "code": np.int32,
        "offset": np.int32,
        "stores": np.bool_,
        "domain": np.uint8,
    },
    Tallies: dict.fromkeys(("count", "total", "live", "at_peak", "max_live", "max_native", "at_total_peak"), np.int64),
    Events: {
        "kind": np.uint8,
        "domain": np.uint8,
        "thread": np.uint16,
        "stack": np.int32,
        "buffer": np.int64,
        "nbytes": np.int64,
        "live": np.int64,
        "time_ns": np.int64,
        "within": np.int16,
    },
    Samples: {"time_ns": np.int64, "nbytes": np.int64},
}
COMPACTED = dict.fromkeys((column.name for column in dataclasses.fields(Compacted)), np.int64)
FOLDERS: Mapping[type, str] = {
    CallTree: "tree",
    Tallies: "tallies",
    Events: "events",
    Samples: "rss",
    Compacted: "folded",
}

# Version 1 had arrays only; these are the values of the members and fields that it lacks.
ADDED_COLUMNS: Mapping[str, int] = {
    "tree/domain.npy": Domain.ARRAY,
    "tallies/max_native.npy": -1,
    "tallies/at_total_peak.npy": 0,
    "rss/time_ns.npy": 0,
    "rss/nbytes.npy": 0,
}
ADDED_FIELDS: Mapping[str, Any] = {"native": None, "total": None, "origins": {}, "rss_peak_nbytes": None}


def column_member(group: type, name: str) -> str:
    """Return the name of the archive's member that has a column."""
    return f"{FOLDERS[group]}/{name}.npy"
