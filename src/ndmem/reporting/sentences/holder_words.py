"""What holds an array, in words: a path from a variable, a cache, a closure, a traceback."""

import re

from .brevity import mask_items

_FORMS = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"(?P<owner>.+?) \(in a reference cycle\)", "a cycle of references with `{owner}`, which is garbage"),
        (r"(?P<owner>.+?) \(inside the _?_?lru_cache_wrapper\).*", "the lru_cache of `{owner}`"),
        (r"(?P<owner>.+?)(?:\.__(?:cause|context)__)*\.__traceback__.*", "the traceback of `{owner}`"),
        (r"(?P<owner>.+?) \(closure: (?P<name>.+)\).*", "the closure of `{owner}`, as `{name}`"),
        (r"(?P<owner>.+?) closure (?P<name>.+)", "the closure of `{owner}`, as `{name}`"),
        (r"(?P<owner>.+?) \(generator: (?P<name>.+)\).*", "the generator `{owner}`, as its local `{name}`"),
        (r"(?P<owner>.+?) local (?P<name>.+)", "the generator `{owner}`, as its local `{name}`"),
        (r"(?P<owner>.+?) \(inside the (?P<kind>.+?)\).*", "`{owner}`, inside its {kind}"),
    )
)
"""Ways through objects that have no attribute or item to spell, and how they are said; the first that fits counts."""


def describe_holder(name: str) -> str:
    """Write what a holder's name says: ``the lru_cache of `load` ``; items of one container are one holder."""
    masked = mask_items(name)
    for pattern, words in _FORMS:
        found = pattern.fullmatch(masked)
        if found:
            return words.format(**found.groupdict())
    return f"`{masked}`"
