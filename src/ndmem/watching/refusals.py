"""Why a program does not record, and what to do, in one sentence each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .mailbox import Answer
    from .target import Target

_STATES = {"R": "runs code outside Python, such as a long call of C", "D": "waits for a disk or another device"}


def describe_refusal(pid: int, answer: Answer, *, record: Path) -> str:
    """Write why a program does not record, by what it answered.

    Parameters
    ----------
    pid : int
        The program.
    answer : Answer
        Its answer, with an error.
    record : Path
        File of the journal.
    """
    word, _, rest = answer.text.partition(" ")
    if answer.error == "RefusedError":
        return {
            "no-numpy": (
                f"process {pid} has not imported NumPy, so it has no arrays; attach again when it has: what exists "
                "then will be listed"
            ),
            "numpy": f"process {pid} cannot be recorded: {rest}",
            "attached": f"process {pid} is recorded already by another ndmem attach; watch it with: ndmem live {pid}",
            "tracked": (
                f"process {pid} is inside ndmem.track(), ndmem.limit() or ndmem.profile() at present; attach again "
                "when that has ended"
            ),
            "record": (
                f"process {pid} cannot open {record}: {rest}; choose a path with -o in a folder that its user can enter"
            ),
        }[word]
    if answer.error in {"ModuleNotFoundError", "ImportError"}:
        return _describe_import(pid, answer)
    return f"recording cannot begin in process {pid}: {answer.error}: {answer.text}; the program goes on unrecorded"


def _describe_import(pid: int, answer: Answer) -> str:
    folder = Path(__file__).parents[2]
    if answer.error == "ModuleNotFoundError" and answer.module == "ndmem":
        return (
            f"process {pid} cannot import ndmem; install ndmem in its environment, or let it import this one with "
            f"--path {folder}"
        )
    return (
        f"process {pid} has an ndmem that cannot attach ({answer.text}); install this version in its environment, or "
        f"let it import this one with --path {folder}"
    )


def describe_silence(target: Target, patience_s: float) -> str:
    """Write why a program did not answer in time."""
    if target.is_stopped:
        return f"process {target.pid} was stopped while attaching; let it go on with: kill -CONT {target.pid}"
    doing = _STATES.get(target.state, "waits in a system call or for a lock")
    return (
        f"process {target.pid} has not reached a safe point in {patience_s:.3g} s: its main thread {doing}; try again, "
        "or wait longer with --timeout"
    )
