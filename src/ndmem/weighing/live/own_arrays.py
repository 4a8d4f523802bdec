"""Tell ndmem's own arrays, such as the columns of a recorded run, from those of the program."""

from .scopes import OWN_PACKAGE, Scope

# What a prediction was given is the program's, and a Run or a Prediction is what holds ndmem's own.
_HOLD_PROGRAMS_ARRAYS = ("ndmem.planning.arguments.", "ndmem.results.")


def holds_own_arrays(thing: object) -> bool:
    """Return whether an object is part of ndmem, so that the arrays below it are ndmem's own."""
    module = type.__getattribute__(type(thing), "__module__")
    return (
        isinstance(module, str)
        and module.partition(".")[0] == OWN_PACKAGE
        and not f"{module}.".startswith(_HOLD_PROGRAMS_ARRAYS)
    )


def is_own_scope(scope: Scope) -> bool:
    """Return whether a scope is that of a module or a class of ndmem."""
    return scope.before.partition(".")[0] == OWN_PACKAGE
