"""Read the counters of a recording that goes on: its call stacks, without its events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndmem.tracking.journal.file.blocks import BLOCK, NODES, TEXTS
from ndmem.tracking.journal.file.reader import read_journal

from .assemble import assemble

if TYPE_CHECKING:
    from ndmem.model.trace import Trace


def read_counters(parts: list[bytes]) -> Trace:
    """Make a Trace of what `Recorder.read_parts` returned, which has exact counters, and no events and no sources.

    It takes some milliseconds, however long the recording is: about 10 µs for each call stack.
    """
    header, *blocks = parts
    journal = read_journal([header, *(block for block in blocks if BLOCK.unpack_from(block)[1] in (NODES, TEXTS))])
    # An empty text for each file: the files themselves are not read.
    journal.meta["sources"] = dict.fromkeys((filename for filename, _ in journal.codes.values()), "")
    return assemble(journal)
