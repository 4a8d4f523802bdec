"""Walk from objects to everything that they hold."""

from collections.abc import Callable
from typing import Any, NamedTuple

from ndmem._walk import Graph

from .buffers import Certainty, fill_resident, settle_regions
from .mirror import mro_of
from .registry import Holding, Rule, rule_of

Answer = tuple[tuple[object, ...], tuple[object, ...], tuple[Any, ...], int, int, bool]
_NOTHING: Answer = ((), (), (), 0, -1, True)


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
    graph = Graph(_resolver(stop_at, notes), bool(stop_at))
    try:
        roots = (graph.root(objects[0]),) if len(objects) == 1 else tuple([graph.root(each) for each in objects])
        settle_regions(graph)
        if resident:
            fill_resident(graph)
        return Survey(graph, roots, tuple(notes), resident)
    except BaseException:
        # Also after Ctrl-C. The traceback holds this frame, and so the graph, which the garbage collector does not
        # traverse: an object of the graph that holds the exception would complete a cycle that is never freed.
        graph.clear()
        raise


def _resolver(stop_at: tuple[type, ...], notes: dict[str, None]) -> Callable[[type], Any]:
    def resolve(kind: type) -> Any:
        # A metaclass may define __subclasscheck__: comparing the bases does not run it.
        if stop_at and any(base in stop_at for base in mro_of(kind)):
            return "skip"
        rule = rule_of(kind)
        return rule if rule is None or isinstance(rule, str) else _asker(kind, rule, notes)

    return resolve


def _asker(kind: type, rule: Rule, notes: dict[str, None]) -> Callable[[object], Answer]:
    """Call a rule; turn an error of the rule into a note."""

    def ask(held: object) -> Answer:
        try:
            holding = rule(held)
            if not isinstance(holding, Holding):
                holding = Holding(nbytes=int(holding))
            if holding.note:
                notes[holding.note] = None
            return _answer(holding)
        except Exception as error:
            notes[f"{kind.__qualname__} was not opened: its rule failed with {type(error).__name__}"] = None
            return _NOTHING

    return ask


def _answer(holding: Holding) -> Answer:
    regions = tuple(
        [
            (int(r.address), int(r.nbytes), int(r.domain), Certainty.SOLE if r.sure else Certainty.SHARED)
            for r in holding.regions
        ]
    )
    if holding.nbytes < 0 or any(address < 0 or nbytes < 0 for address, nbytes, _, _ in regions):
        raise ValueError("a number of bytes is 0 or more")
    logical = -1 if holding.logical is None else int(holding.logical)
    return tuple(holding.objects), tuple(holding.bases), regions, int(holding.nbytes), logical, holding.follow
