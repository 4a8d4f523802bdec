"""Walk from objects to everything that they hold."""

import enum
from collections.abc import Callable
from typing import Any, NamedTuple

from ndmem._walk import Graph

from .buffers import Certainty, fill_resident, settle_regions
from .mirror import mro_of
from .registry import Holding, Rule, rule_of
from .unseen import hides_memory, note_unseen

Answer = tuple[tuple[object, ...], tuple[object, ...], tuple[Any, ...], int, int, bool, int]


class Mark(enum.IntFlag):
    """Remarks of a rule about its object; the values are those of the walk in C."""

    UNSEEN = 1  # it holds more than the rule can count
    UNSURE = 2  # other objects may hold its native memory


_NOTHING: Answer = ((), (), (), 0, -1, True, Mark.UNSEEN)


class Survey(NamedTuple):
    """What a walk found.

    Attributes
    ----------
    graph : Graph
        Nodes with bytes, edges with references.
    roots : tuple of int
        Nodes of the objects that the walk began with.
    notes : tuple of str
        Notes about what was not measured, without repetitions.
    resident : bool
        Whether the system was asked what is in RAM.
    """

    graph: Graph
    roots: tuple[int, ...]
    notes: tuple[str, ...]
    resident: bool


def survey(objects: tuple[object, ...], *, resident: bool = True, stop_at: tuple[type, ...] = ()) -> Survey:
    """Walk from objects and assign memory regions to their owners.

    Parameters
    ----------
    objects : tuple of object
        Where to start.
    resident : bool
        Whether to ask the system how much of the buffers is in RAM.
    stop_at : tuple of type
        Objects of these types are left out, with what only they hold.

    Returns
    -------
    Survey
        The walk changes, computes and loads nothing. The caller must clear the graph.
    """
    notes: dict[str, None] = {}
    noted: set[type] = set()
    graph = Graph(_resolver(stop_at, notes, noted), bool(stop_at))
    try:
        roots = (graph.root(objects[0]),) if len(objects) == 1 else tuple([graph.root(each) for each in objects])
        unseen = graph.unseen()
        if unseen:
            notes.update(dict.fromkeys(note_unseen([each for each in unseen if each[0] not in noted])))
        settle_regions(graph)
        if resident:
            fill_resident(graph)
        return Survey(graph, roots, tuple(notes), resident)
    except BaseException:
        # Also after Ctrl-C. The traceback holds this frame, and so the graph, which the garbage collector does not
        # traverse: an object of the graph that holds the exception would complete a cycle that is never freed.
        graph.clear()
        raise


def _resolver(stop_at: tuple[type, ...], notes: dict[str, None], noted: set[type]) -> Callable[[type], Any]:
    def resolve(kind: type) -> Any:
        # A metaclass may define __subclasscheck__: comparing the bases does not run it.
        if stop_at and any(base in stop_at for base in mro_of(kind)):
            return "skip"
        rule = rule_of(kind)
        if rule is None:
            return "unseen" if hides_memory(kind) else None
        return rule if isinstance(rule, str) else _asker(kind, rule, notes, noted)

    return resolve


def _asker(kind: type, rule: Rule, notes: dict[str, None], noted: set[type]) -> Callable[[object], Answer]:
    """Call a rule; turn an error of the rule into a note, and the contents of its object into unseen ones."""

    def ask(held: object) -> Answer:
        try:
            holding = rule(held)
            if not isinstance(holding, Holding):
                holding = Holding(nbytes=int(holding))
            if holding.note:
                notes[holding.note] = None
                noted.add(kind)
            return _answer(holding)
        except Exception as error:
            noted.add(kind)
            notes[f"{kind.__qualname__} was not opened: its rule failed with {type(error).__name__}"] = None
            return _NOTHING

    return ask


def _answer(holding: Holding) -> Answer:
    regions = tuple(
        [
            (
                int(r.address),
                int(r.nbytes),
                int(r.domain),
                Certainty.SOLE if r.sure else Certainty.SHARED,
                -1 if r.holders is None else int(r.holders),
            )
            for r in holding.regions
        ]
    )
    if holding.nbytes < 0 or any(address < 0 or nbytes < 0 for address, nbytes, *_ in regions):
        raise ValueError("a number of bytes is 0 or more")
    logical = -1 if holding.logical is None else int(holding.logical)
    marks = (Mark.UNSEEN if holding.unseen else Mark(0)) | (Mark(0) if holding.sure else Mark.UNSURE)
    objects, bases = tuple(holding.objects), tuple(holding.bases)
    return objects, bases, regions, int(holding.nbytes), logical, holding.follow, int(marks)
