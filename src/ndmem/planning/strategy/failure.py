"""Runs without a result: their errors, and a message that says what failed, where, and what to do next."""

from collections.abc import Mapping

from ndmem.errors import PredictionError
from ndmem.phrasing import current_phrasing
from ndmem.planning.worker.process.forked import ChildDiedError, ChildTimeoutError
from ndmem.planning.worker.protocol import Answer


class FunctionFailedError(PredictionError):
    """The function raised an error."""


NO_RESULT = (FunctionFailedError, ChildDiedError, ChildTimeoutError)
"""Errors of a run that has no result; another size or sample may have one."""


def write_size(lengths: Mapping[str, int]) -> str:
    """Write lengths for a message."""
    return ", ".join(f"{name}={length:,}" for name, length in lengths.items())


def explain_failure(answer: Answer, size: str, memory: int) -> str:
    """Write what failed, where, and what to do next.

    Parameters
    ----------
    answer : Answer
        The answer, with an error.
    size : str
        The lengths, as `write_size` writes them.
    memory : int
        Bytes that the run was allowed.
    """
    if answer.refused:
        return (
            f"the function {answer.refused[0]}, which is refused while it is measured; {current_phrasing().no_sandbox} "
            "if that does no harm, or predict only the part that computes"
        )
    at = f" at {answer.where}" if answer.where else ""
    if answer.is_memory:
        return f"it needs more than {memory // 2**20} MiB already at {size}{at}; {current_phrasing().more_memory}"
    sizes = f" at small sizes ({size})" if size else ""
    return f"it fails{sizes}{at}: {answer.error}; {current_phrasing().arguments}"
