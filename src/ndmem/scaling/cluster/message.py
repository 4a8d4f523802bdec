"""The messages that a process of workers sends to the client, through the scheduler's events."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPIC = "ndmem"
"""The topic of the scheduler's events."""

STOPPED, RETIRED = "stopped", "retired"
"""Why a message is the last one of its process: tracking ended, or its last worker closed."""

DAMAGE = (KeyError, IndexError, TypeError, ValueError, AttributeError, zlib.error)
"""Exceptions that reading a damaged message, or the table in it, can raise."""

_MOST_TEXT = 2**24


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """State of a process of workers.

    Attributes
    ----------
    track : str
        Which `track` block it is for.
    process : str
        The recording that sent it.
    sequence : int
        Number of the message, from 1 in each process.
    final : str or None
        Why it is the last one, `STOPPED` or `RETIRED`; ``None`` if it is not.
    about : mapping
        Names, addresses and threads of the workers, process id, start, peak, live bytes, and what `about_process`
        adds to them.
    samples : list of list of int
        For each sample milliseconds since the start, highest live bytes since the sample before, live bytes, resident
        bytes and bytes of stored keys.
    table : bytes or None
        The stacks, see `Table.encode`; ``None`` if they have not changed since the message before.
    """

    track: str
    process: str
    sequence: int
    final: str | None
    about: Mapping[str, Any]
    samples: list[list[int]]
    table: bytes | None

    def encode(self) -> dict[str, Any]:
        """Return the message as msgpack can hold it."""
        body = json.dumps({"about": self.about, "samples": self.samples}, separators=(",", ":"))
        return {
            "track": self.track,
            "process": self.process,
            "sequence": self.sequence,
            "final": self.final,
            "body": zlib.compress(body.encode("ascii"), 1),
            "table": self.table,
        }


def decode_message(fields: Mapping[str, Any]) -> Message:
    """Read a message.

    Raises
    ------
    One of `DAMAGE`
        If it is not one.
    """
    body = json.loads(zlib.decompressobj().decompress(fields["body"], _MOST_TEXT))
    return Message(
        track=fields["track"],
        process=fields["process"],
        sequence=int(fields["sequence"]),
        final=fields["final"],
        about=body["about"],
        samples=body["samples"],
        table=fields["table"],
    )
