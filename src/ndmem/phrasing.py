"""How messages name what a user can write: arguments of Python's functions, or options of the command line."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrasing:
    """What a user writes to change a prediction, as a part of a sentence each.

    Attributes
    ----------
    length : str
        Gives a dimension its length; ``{name}`` is its name.
    number : str
        Passes a dimension as a number; ``{}`` is its name.
    argument : str
        Passes an argument.
    text : str
        Passes a text that looks like an array.
    arguments : str
        Makes arguments that fit together.
    values : str
        Makes arguments of a type that samples do not have.
    explain : str
        Shows how a prediction was measured.
    more_memory, more_time, no_sandbox, budget : str
        Allow a run more memory or time, or all operations; set a budget.
    """

    length: str
    number: str
    argument: str
    text: str
    arguments: str
    values: str
    explain: str
    more_memory: str
    more_time: str
    no_sandbox: str
    budget: str

    def give_length(self, name: str) -> str:
        """Return what gives a dimension its length."""
        return self.length.format(name=name)


PYTHON = Phrasing(
    length="dims=ndmem.dims({name}=…)",
    number="dims.{} for a number",
    argument="pass the arguments as in a call of it",
    text="bind the text itself with functools.partial if it is meant as one",
    arguments="pass make= for arguments that fit together, or like= for the values it needs",
    values="pass make= or a real array",
    explain="print(prediction.explain())",
    more_memory="pass memory='4 GiB' to allow more",
    more_time="pass timeout= to allow more",
    no_sandbox="pass sandbox=False",
    budget="pass budget=",
)
COMMAND_LINE = Phrasing(
    length="{name}=LENGTH, for example {name}=2000",
    number="--arg count={} for a number",
    argument="give each argument as --arg NAME=VALUE",
    text="predict a function of your own that passes the text if it is meant as one",
    arguments="predict a function of your own that makes arguments that fit together and calls it",
    values="predict a function of your own that makes them and calls it",
    explain="add --explain",
    more_memory="pass --memory 4GiB to allow more",
    more_time="pass --timeout 120 to allow more",
    no_sandbox="pass --no-sandbox",
    budget="pass --budget 4GiB",
)

_current: ContextVar[Phrasing] = ContextVar("phrasing", default=PYTHON)


def current_phrasing() -> Phrasing:
    """Return how messages are phrased here; by default for Python."""
    return _current.get()


@contextmanager
def phrase(phrasing: Phrasing) -> Iterator[None]:
    """Phrase the messages of a block in another way."""
    token = _current.set(phrasing)
    try:
        yield
    finally:
        _current.reset(token)
