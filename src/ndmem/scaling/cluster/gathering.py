"""Gather the messages of a cluster at the client, in a fixed amount of memory for each process."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from ndmem.model.cluster import WorkerFigures, WorkerState

from .message import DAMAGE, Message, decode_message

_MOST_SAMPLES = 1024
"""Samples of a process; when there are more, pairs of neighbours become one."""


@dataclass(slots=True)
class ProcessState:
    """What a process of workers has sent.

    Attributes
    ----------
    message : Message
        The latest one.
    about : dict
        What all of them said about the process, the latest of each.
    table : bytes or None
        The latest stacks, as they came: to read them takes ten times as long as the rest of a message.
    samples : list of list of int
        As in `Message`; the highest of neighbours where there were too many.
    """

    message: Message
    about: dict[str, Any] = field(default_factory=dict)
    table: bytes | None = None
    samples: list[list[int]] = field(default_factory=list)

    def take(self, message: Message) -> None:
        """Take a message that is newer than the last one."""
        self.message = message
        self.about.update(message.about)
        if message.table is not None:
            self.table = message.table
        self.samples += [[int(value) for value in sample] for sample in message.samples]
        while len(self.samples) > _MOST_SAMPLES:
            pairs = zip(self.samples[::2], self.samples[1::2], strict=False)
            odd = self.samples[-1:] if len(self.samples) % 2 else []
            self.samples = [[later[0], max(first[1], later[1]), *later[2:]] for first, later in pairs] + odd


class Gathering:
    """Messages of one `track` block; may be used by several threads.

    Parameters
    ----------
    track : str
        The block; messages for others are left out.

    Attributes
    ----------
    processes : dict of str to ProcessState
        By recording.
    problems : dict of (str, int) to WorkerFigures
        Workers that are not tracked, by address and process id.
    nbytes, messages, damaged : int
        Compressed bytes and number of the messages that were taken, and number of those that were not messages.
    """

    def __init__(self, track: str) -> None:
        self.track = track
        self.processes: dict[str, ProcessState] = {}
        self.problems: dict[tuple[str, int], WorkerFigures] = {}
        self.nbytes = self.messages = self.damaged = 0
        self._lock = threading.Lock()

    def take(self, fields: object) -> None:
        """Take a message, in any order and however often; a worker cannot make it fail."""
        if not isinstance(fields, dict) or fields.get("track") != self.track:
            return
        with self._lock:
            try:
                self._take(fields)
            except DAMAGE:
                self.damaged += 1

    def _take(self, fields: dict[str, Any]) -> None:
        if "problem" in fields:
            problem = _read_problem(fields)
            self.problems[problem.address, problem.pid] = problem
            return
        known = self.processes.get(fields["process"])
        if known is not None and fields["sequence"] <= known.message.sequence:
            return
        message = decode_message(fields)
        if known is None:
            known = self.processes[message.process] = ProcessState(message)
        known.take(message)
        self.messages += 1
        self.nbytes += len(fields["body"]) + len(fields["table"] or b"")


def _read_problem(fields: dict[str, Any]) -> WorkerFigures:
    return WorkerFigures(
        name=str(fields["name"]),
        address=str(fields["address"]),
        pid=int(fields["pid"]),
        state=WorkerState.UNTRACKED,
        problem=str(fields["problem"]),
        threads=int(fields["threads"]),
    )
