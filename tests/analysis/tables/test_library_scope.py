"""Whose variable holds an array: the user's, or that of a library's function."""

from tests.traces import NUMPY, ROOTS, USER, Frame, TraceBuilder

from ndmem.analysis.index import TraceIndex
from ndmem.analysis.tables.library_scope import LibraryScope, find_library_scope
from ndmem.model.holder import Holder

KIB = 1024
OTHER = f"{ROOTS[1]}/imaging/filters.py"
CALL = Frame(USER, 1, "work")


def holder(function: str, *, events: int = 0) -> Holder:
    """Return a holder that is a variable of a function, or of a module."""
    return Holder(0, "x", function, (512,), "float64", is_view=False, events=events)


def scopes(*holders: Holder, stacks: tuple[tuple[Frame, ...], ...]) -> list[LibraryScope | None]:
    """Return the scope of each holder in a run that allocated one array from each stack, in this order."""
    builder = TraceBuilder()
    for stack in stacks:
        builder.born(stack, 8 * KIB)
    index = TraceIndex(builder.build())
    return [find_library_scope(index, each) for each in holders]


def test_a_librarys_local_has_its_function_and_file() -> None:
    """A function that ran in a library's file is the library's; one that ran in the user's is not."""
    stack = (CALL, Frame(OTHER, 5, "gaussian"), Frame(NUMPY, 9, "_mean"))
    found = scopes(holder("gaussian"), holder("_mean"), holder("work"), holder("<module>"), stacks=(stack,))
    assert found == [LibraryScope("gaussian", OTHER), LibraryScope("_mean", NUMPY), None, None]


def test_the_stack_at_the_search_tells_functions_of_one_name_apart() -> None:
    """The event before or after the search has the function in its stack; at other times its file is unknown."""
    stacks = ((CALL,), (CALL, Frame(OTHER, 5, "apply")), (CALL,), (CALL, Frame(NUMPY, 9, "apply")), (CALL,), (CALL,))
    after, before, elsewhere = (holder("apply", events=events) for events in (1, 4, 6))
    assert scopes(after, before, elsewhere, stacks=stacks) == [
        LibraryScope("apply", OTHER),
        LibraryScope("apply", NUMPY),
        LibraryScope("apply", ""),
    ]


def test_a_name_that_may_be_the_users_is_the_users() -> None:
    """Where the user has a function of the name, a variable is taken for a library's only if the stack says so."""
    stacks = ((CALL,), (CALL, Frame(OTHER, 5, "work")), (CALL,), (CALL,))
    assert scopes(holder("work", events=4), holder("work", events=1), stacks=stacks) == [
        None,
        LibraryScope("work", OTHER),
    ]


def test_a_librarys_global_has_its_module() -> None:
    """A module is a library's if code of that library ran; the program's own modules are the user's."""
    stacks = ((CALL, Frame(OTHER, 5, "gaussian")),)
    found = scopes(holder("imaging.data"), holder("__main__"), holder("imagination"), stacks=stacks)
    assert found == [LibraryScope("imaging.data", ""), None, None]
